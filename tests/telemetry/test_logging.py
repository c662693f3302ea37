"""What an observer logs, and how often."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import pytest

from pubsub_tasks.errors import UnknownMediaType
from pubsub_tasks.events import Settled
from pubsub_tasks.odd_errors import NO_TEXT
from pubsub_tasks.telemetry.logging import LONGEST_NAME, MOST_UNKNOWN, Watch, configure
from pubsub_tasks.verdicts import DeadLetter, Retry, Verdict
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


@contextmanager
def own_process() -> Iterator[logging.Logger]:
    """The root logger as in a process of its own, and afterwards as it was: pytest has handlers on it."""
    logger, ours = logging.getLogger(), logging.getLogger("pubsub_tasks")
    handlers, level, own_level = logger.handlers[:], logger.level, ours.level
    logger.handlers[:] = []
    try:
        yield logger
    finally:
        logger.handlers[:] = handlers
        logger.setLevel(level)
        ours.setLevel(own_level)


def test_a_line_for_people_names_its_process_where_there_are_several() -> None:
    with own_process():
        stream = StringIO()
        configure("text", "info", stream, process="orders-1 (100%)")

        logging.getLogger("pubsub_tasks.messages").info("done, %d %%", 100)
        logging.getLogger("somebody.else").info("chatter")

        assert stream.getvalue().endswith(" INFO    orders-1 (100%): done, 100 %\n")
        assert "chatter" not in stream.getvalue()


def test_a_line_for_machines_is_one_object() -> None:
    with own_process():
        stream = StringIO()
        configure("json", "debug", stream, process="orders-1")
        try:
            raise ValueError("full\ndisk")
        except ValueError as error:
            Watch()(Settled("orders", delivery(), "shop.handle", Retry(2.0, error), 0.25))

        line = json.loads(stream.getvalue())
        assert stream.getvalue().count("\n") == 1
        assert line["process"] == "orders-1"
        assert line["level"] == "WARNING"
        assert (line["task"], line["verdict"], line["attempt"]) == ("shop.handle", "retry in 2.0 s", 1)
        assert line["traceback"].endswith("ValueError: full\ndisk")
        assert line["time"].endswith("Z")


def test_an_application_s_own_logging_is_left_alone() -> None:
    with own_process() as root:
        theirs = logging.NullHandler()
        root.addHandler(theirs)
        configure()

        assert root.handlers == [theirs]


def test_an_error_that_cannot_be_told_stops_no_line() -> None:
    with own_process():

        class Broken(Exception):
            def __str__(self) -> str:
                raise RuntimeError

        stream = StringIO()
        configure("text", "info", stream)
        Watch()(Settled("orders", delivery(), "shop.handle", DeadLetter("failed", Broken()), 0.25))

        assert f"dead letter (failed), message sqs-1, attempt 1, after 0.250 s: Broken: {NO_TEXT}" in (
            stream.getvalue()
        )
