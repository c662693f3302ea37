"""What an observer logs, and how often."""

import logging

import pytest

from pubsub_tasks.errors import UnknownMediaType
from pubsub_tasks.events import Settled
from pubsub_tasks.telemetry.logging import LONGEST_NAME, MOST_UNKNOWN, Watch
from pubsub_tasks.verdicts import Retry, Verdict
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
    watch = Watch()

    for media_type in ("m/new", "m/newer", "m/new"):
        watch(left_alone(media_type))

    assert [record.levelname for record in log.records] == ["WARNING", "WARNING"]
    assert "no task on orders handles m/new" in log.text


def test_whoever_thinks_of_many_types_does_not_fill_log_or_memory(log: pytest.LogCaptureFixture) -> None:
    watch = Watch()

    for number in range(MOST_UNKNOWN + 10):
        watch(left_alone(f"m/{number}"))
    watch(left_alone("m/" + "x" * 100_000))

    assert len(log.records) == MOST_UNKNOWN
    assert all(len(record.getMessage()) < 2 * LONGEST_NAME for record in log.records)


def test_a_long_name_is_told_in_short(log: pytest.LogCaptureFixture) -> None:
    Watch()(left_alone("m/" + "x" * 100_000))

    (record,) = log.records
    assert len(record.getMessage()) < 2 * LONGEST_NAME


def test_a_handler_s_own_failures_are_told_each_time(log: pytest.LogCaptureFixture) -> None:
    watch = Watch()

    for _ in range(3):
        watch(settled("m/known", Retry(30, UnknownMediaType("raised by the handler")), "shop.bill"))

    assert [record.levelname for record in log.records] == ["WARNING"] * 3
