import pytest

from pubsub_tasks.dead_letters.filters import FieldFilter, LetterFilter, parse_duration
from pubsub_tasks.errors import ConfigurationError
from tests.dead_letters.samples import a_letter, moved_by_sqs, order
from tests.samples import NOW, ORDER

WANTED = [
    LetterFilter(),
    LetterFilter(ids=["id-of"]),
    LetterFilter(ids=["nobody", "sqs-c"]),
    LetterFilter(media_types=[ORDER]),
    LetterFilter(media_types=["*.created.order"]),
    LetterFilter(errors=["lookup"]),
    LetterFilter(errors=["NO SUCH customer"]),
    LetterFilter(reasons=["invalid", "exhausted"]),
    LetterFilter(tasks=["bill"]),
    LetterFilter(tasks=["shop.tasks.*"]),
    LetterFilter(older_than=9.0),
    LetterFilter(wheres=[FieldFilter("order_id", "o-1"), FieldFilter("total", "9.99")]),
]
UNWANTED = [
    LetterFilter(ids=["id-of-o-2"]),
    LetterFilter(ids=["copy"]),
    LetterFilter(media_types=["application/*.changed.*"]),
    LetterFilter(media_types=[ORDER.upper()]),
    LetterFilter(errors=["timeout"]),
    LetterFilter(reasons=["exhaust"]),
    LetterFilter(tasks=["tasks.bill"]),
    LetterFilter(older_than=10.0),
    LetterFilter(wheres=[FieldFilter("order_id", "o-1"), FieldFilter("total", "10")]),
    LetterFilter(ids=["id-of"], reasons=["invalid"]),
]


@pytest.mark.parametrize("wanted", WANTED)
def test_a_letter_that_satisfies_all_is_meant(wanted: LetterFilter) -> None:
    assert wanted.matches(a_letter(), NOW + 10)


@pytest.mark.parametrize("unwanted", UNWANTED)
def test_a_letter_that_fails_one_is_not(unwanted: LetterFilter) -> None:
    assert not unwanted.matches(a_letter(), NOW + 10)


def test_what_tells_no_task_and_no_error_is_meant_by_neither() -> None:
    assert not LetterFilter(tasks=["bill"]).matches(moved_by_sqs(), NOW)
    assert not LetterFilter(errors=["lookup"]).matches(moved_by_sqs(), NOW)
    assert LetterFilter(reasons=["maxReceiveCount"]).matches(moved_by_sqs(), NOW)


def test_only_the_empty_filter_means_everything() -> None:
    assert LetterFilter().matches_all
    assert not any(each.matches_all for each in [*WANTED[1:], *UNWANTED])


def test_an_id_that_could_mean_many_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'abc' is too short"):
        LetterFilter(ids=["abc"])


@pytest.mark.parametrize(
    "said",
    [
        "customer.name=Ada",
        "lines.1.sku=b",
        "paid=true",
        "count=3",
        "ratio=0.5",
        "nothing=null",
        "a.b=dotted",
        "a.b.c=under a dotted name",
        "equation=x=y",
        "empty=",
        "opaqueData.x-message-id=id-of-o-1",
    ],
)
def test_a_path_finds_what_stands_in_the_content(said: str) -> None:
    letter = a_letter(
        order(
            customer={"name": "Ada"},
            lines=[{"sku": "a"}, {"sku": "b"}],
            paid=True,
            count=3,
            ratio=0.5,
            nothing=None,
            equation="x=y",
            empty="",
            **{"a.b": "dotted", "a": {"b.c": "under a dotted name"}},
        )
    )

    assert LetterFilter(wheres=[FieldFilter.parse(said)]).matches(letter, NOW)


@pytest.mark.parametrize(
    "said",
    [
        "lines.2.sku=b",
        "lines.-1.sku=b",
        f"lines.{'9' * 5_000}.sku=b",
        "order_id.0=o",
        "absent=",
        "absent=null",
    ],
)
def test_a_path_that_leads_nowhere_finds_nothing(said: str) -> None:
    assert not LetterFilter(wheres=[FieldFilter.parse(said)]).matches(
        a_letter(order(lines=[{}, {"sku": "b"}])), NOW
    )


@pytest.mark.parametrize("said", ["", "order_id", "=o-1"])
def test_a_where_without_field_or_value_is_refused(said: str) -> None:
    with pytest.raises(ConfigurationError, match="write field=value"):
        FieldFilter.parse(said)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("90s", 90), ("15m", 900), ("2h30m", 9000), ("1.5h", 5400), ("7d", 604_800), ("2w", 1_209_600)],
)
def test_durations_are_as_people_write_them(said: str, seconds: float) -> None:
    assert parse_duration(said) == seconds


@pytest.mark.parametrize("said", ["", "7", "d", "-1h", "1h ", "1y", "\u0661h"])
def test_a_text_that_is_not_a_duration_is_refused(said: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a duration"):
        parse_duration(said)
