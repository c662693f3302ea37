import pytest

from pubsub_tasks.dead_letters.filters import Filter, Where, duration
from pubsub_tasks.errors import ConfigurationError
from tests.dead_letters.samples import a_letter, moved_by_sqs, order
from tests.samples import NOW, ORDER

WANTED = [
    Filter(),
    Filter(ids=["id-of"]),
    Filter(ids=["nobody", "sqs-c"]),
    Filter(media_types=[ORDER]),
    Filter(media_types=["*.created.order"]),
    Filter(errors=["lookup"]),
    Filter(errors=["NO SUCH customer"]),
    Filter(reasons=["invalid", "exhausted"]),
    Filter(tasks=["bill"]),
    Filter(tasks=["shop.tasks.*"]),
    Filter(older_than=9.0),
    Filter(wheres=[Where("order_id", "o-1"), Where("total", "9.99")]),
]
UNWANTED = [
    Filter(ids=["id-of-o-2"]),
    Filter(ids=["copy"]),
    Filter(media_types=["application/*.changed.*"]),
    Filter(media_types=[ORDER.upper()]),
    Filter(errors=["timeout"]),
    Filter(reasons=["exhaust"]),
    Filter(tasks=["tasks.bill"]),
    Filter(older_than=10.0),
    Filter(wheres=[Where("order_id", "o-1"), Where("total", "10")]),
    Filter(ids=["id-of"], reasons=["invalid"]),
]


@pytest.mark.parametrize("wanted", WANTED)
def test_a_letter_that_satisfies_all_is_meant(wanted: Filter) -> None:
    assert wanted.wants(a_letter(), NOW + 10)


@pytest.mark.parametrize("unwanted", UNWANTED)
def test_a_letter_that_fails_one_is_not(unwanted: Filter) -> None:
    assert not unwanted.wants(a_letter(), NOW + 10)


def test_what_tells_no_task_and_no_error_is_meant_by_neither() -> None:
    assert not Filter(tasks=["bill"]).wants(moved_by_sqs(), NOW)
    assert not Filter(errors=["lookup"]).wants(moved_by_sqs(), NOW)
    assert Filter(reasons=["maxReceiveCount"]).wants(moved_by_sqs(), NOW)


def test_only_the_empty_filter_means_everything() -> None:
    assert Filter().everything
    assert not any(each.everything for each in [*WANTED[1:], *UNWANTED])


def test_an_id_that_could_mean_many_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'abc' is too short"):
        Filter(ids=["abc"])


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

    assert Filter(wheres=[Where.parse(said)]).wants(letter, NOW)


@pytest.mark.parametrize(
    "said", ["lines.2.sku=b", "lines.-1.sku=b", "order_id.0=o", "absent=", "absent=null"]
)
def test_a_path_that_leads_nowhere_finds_nothing(said: str) -> None:
    assert not Filter(wheres=[Where.parse(said)]).wants(a_letter(order(lines=[{}, {"sku": "b"}])), NOW)


@pytest.mark.parametrize("said", ["", "order_id", "=o-1"])
def test_a_where_without_field_or_value_is_refused(said: str) -> None:
    with pytest.raises(ConfigurationError, match="write 'field=value'"):
        Where.parse(said)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("90s", 90), ("15m", 900), ("2h30m", 9000), ("1.5h", 5400), ("7d", 604_800), ("2w", 1_209_600)],
)
def test_durations_are_as_people_write_them(said: str, seconds: float) -> None:
    assert duration(said) == seconds


@pytest.mark.parametrize("said", ["", "7", "d", "-1h", "1h ", "1y", "\u0661h"])
def test_what_is_no_duration_is_refused(said: str) -> None:
    with pytest.raises(ConfigurationError, match="is no duration"):
        duration(said)
