"""What the address of a page asks for."""

from urllib.parse import parse_qsl

import pytest

from pubsub_tasks.dashboard.letter_query import LetterQuery
from pubsub_tasks.dead_letters.filters import FieldFilter, LetterFilter
from pubsub_tasks.dead_letters.summary import FailureKind
from pubsub_tasks.errors import ConfigurationError

ALL = [
    ("queue", "orders"),
    ("id", "5f3a9c"),
    ("media_type", "*.order"),
    ("error", "Timeout"),
    ("reason", "exhausted"),
    ("task", "bill"),
    ("where", "order_id=7"),
    ("older_than", "1h"),
    ("limit", "50"),
]


def test_filters_are_those_of_the_command_line() -> None:
    query = LetterQuery.parse(ALL)

    assert query.filter() == LetterFilter(
        ("5f3a9c",),
        ("*.order",),
        ("Timeout",),
        ("exhausted",),
        ("bill",),
        3600,
        [FieldFilter("order_id", "7")],
    )
    assert query.pairs() == ALL


def test_empty_fields_of_a_form_count_for_nothing() -> None:
    query = LetterQuery.parse([(name, " ") for name, _ in ALL])

    assert query == LetterQuery()
    assert query.filter().matches_all


@pytest.mark.parametrize(
    "pair",
    [("limit", "0"), ("limit", "9" * 99), ("limit", "ten"), ("older_than", "soon"), ("where", "x")]
    + [("limit", "000000001" + "9" * digits) for digits in (6, 5_000)],
)
def test_what_is_not_valid_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=r"valid|duration"):
        LetterQuery.parse([pair]).filter()


def test_the_link_of_a_kind_narrows_the_filters() -> None:
    query = LetterQuery.parse([("queue", "orders"), ("older_than", "1h")])

    address = query.kind_address(FailureKind("exhausted", "shop.Late", None, "shop.bill"))

    assert LetterQuery.parse(parse_qsl(address)) == LetterQuery(
        "orders", errors=("shop.Late",), reasons=("exhausted",), tasks=("shop.bill",), older_than="1h"
    )


def test_only_queues_of_the_app_can_be_named() -> None:
    with pytest.raises(ConfigurationError, match="no queue 'https://elsewhere'"):
        LetterQuery(queue="https://elsewhere").url({"orders": "url"})
