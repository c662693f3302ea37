"""What an observer logs, and how often."""

import logging

import pytest

from pubsub_tasks.errors import UnknownMediaType
from pubsub_tasks.tasks.events import Lost, Settled
from pubsub_tasks.telemetry.log_observer import MAX_UNKNOWN, LogObserver
from pubsub_tasks.untrusted.exceptions import NO_TEXT
from pubsub_tasks.untrusted.printable import LONGEST_ID
from pubsub_tasks.verdicts import Ack, DeadLetter, Drop, Postpone, Postponed, Release, Retry, Verdict
from tests.samples import delivery


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "pubsub_tasks")
    return caplog


def settled(media_type: str, verdict: Verdict, task: str | None = None) -> Settled:
    return Settled("orders", delivery(media_type=media_type), task, verdict, 0.0)


def left_alone(media_type: str) -> Settled:
    return settled(media_type, Retry(30, UnknownMediaType("no task")))


def test_a_type_that_is_left_to_others_is_told_once(log: pytest.LogCaptureFixture) -> None:
    watch = LogObserver()

    for media_type in ("m/new", "m/newer", "m/new"):
        watch(left_alone(media_type))

    assert [record.levelname for record in log.records] == ["WARNING", "WARNING"]
    assert "no task on orders handles m/new" in log.text


def test_whoever_thinks_of_many_types_does_not_fill_log_or_memory(log: pytest.LogCaptureFixture) -> None:
    watch = LogObserver()

    for number in range(MAX_UNKNOWN + 10):
        watch(left_alone(f"m/{number}"))
    watch(left_alone("m/" + "x" * 100_000))

    assert len(log.records) == MAX_UNKNOWN
    assert all(len(record.getMessage()) < 2 * LONGEST_ID for record in log.records)


def test_a_long_name_is_told_in_short(log: pytest.LogCaptureFixture) -> None:
    LogObserver()(left_alone("m/" + "x" * 100_000))

    (record,) = log.records
    assert len(record.getMessage()) < 2 * LONGEST_ID


def test_a_handler_s_own_failures_are_told_each_time(log: pytest.LogCaptureFixture) -> None:
    watch = LogObserver()

    for _ in range(3):
        watch(settled("m/known", Retry(30, UnknownMediaType("raised by the handler")), "shop.bill"))

    assert [record.levelname for record in log.records] == ["WARNING"] * 3


def test_an_error_that_cannot_be_told_stops_no_line(log: pytest.LogCaptureFixture) -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise SystemExit

    LogObserver()(Settled("orders", delivery(), "shop.handle", DeadLetter("failed", Broken()), 0.25))

    assert f"dead letter (failed), message sqs-1, attempt 1, after 0.250 s: Broken: {NO_TEXT}" in log.text


def test_an_error_is_told_with_the_line_that_raised_it(log: pytest.LogCaptureFixture) -> None:
    def bill() -> None:
        raise KeyError("total")

    with pytest.raises(KeyError) as caught:
        bill()
    LogObserver()(Settled("orders", delivery(), "shop.bill", Retry(30, caught.value), 0.0))

    assert f"KeyError: 'total' ({__name__}:{bill.__code__.co_firstlineno + 1})" in log.text


@pytest.mark.parametrize("said", ["\n2026-01-01 ERROR   forged", "\x1b[2J", "\u202e", "\r"])
def test_nothing_from_outside_breaks_a_line(said: str, log: pytest.LogCaptureFixture) -> None:
    watch, odd = LogObserver(), delivery(media_type=f"m/{said}", headers={"x-message-id": said})

    watch(Settled("orders", odd, None, DeadLetter("failed", ValueError(said)), 0.0))
    watch(Settled("orders", odd, "shop.bill", Drop(said), 0.0))
    watch(Settled("orders", odd, None, Retry(30, UnknownMediaType("no task")), 0.0))
    watch(Lost("orders", odd))

    assert len(log.records) == 4
    assert not any(said in record.getMessage() for record in log.records)


def test_what_is_megabytes_long_is_cut_with_its_length_told(log: pytest.LogCaptureFixture) -> None:
    watch, long = LogObserver(), "x" * 2_000_000
    odd = delivery(headers={"x-message-id": long, "x-request-id": long})

    watch(Settled("orders", odd, "shop.bill", DeadLetter("failed", ValueError(long)), 0.0))
    watch(Settled("orders", odd, "shop.bill", Drop(long), 0.0))

    for record in log.records:
        assert len(record.getMessage()) < 3_000
        assert record.getMessage().count("(2,000,000 characters)") == 2
    assert all(len(str(value)) < 3_000 for value in (vars(log.records[1]) | {"args": ""}).values())


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        (Ack(), {"verdict": "ack"}),
        (Ack(skipped=True), {"verdict": "skip"}),
        (Postpone(5.0), {"verdict": "hold", "retry_in": 5.0}),
        (Postponed(), {"verdict": "hop"}),
        (Release(), {"verdict": "release"}),
        (Drop("a test"), {"verdict": "drop", "reason": "a test"}),
        (DeadLetter("expired"), {"verdict": "dead_letter", "reason": "expired"}),
        (
            Retry(2.5, KeyError("total")),
            {"verdict": "retry", "retry_in": 2.5, "error_type": "KeyError", "error_message": "'total'"},
        ),
    ],
)
def test_each_verdict_is_one_word_with_its_own_fields(
    verdict: Verdict, told: dict[str, object], log: pytest.LogCaptureFixture
) -> None:
    log.set_level(logging.DEBUG, "pubsub_tasks")
    LogObserver()(Settled("orders", delivery(headers={"x-request-id": "r-1"}), "shop.bill", verdict, 0.25))

    (record,) = log.records
    fields = {"verdict", "reason", "retry_in", "error_type", "error_message"}
    assert {name: value for name, value in vars(record).items() if name in fields} == told
    assert (record.request_id, record.task, record.queue) == ("r-1", "shop.bill", "orders")  # type: ignore[attr-defined]
