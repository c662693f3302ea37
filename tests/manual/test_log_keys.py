"""The keys of JSON logs that the manual names are written, and all that are written are named."""

import ast
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest

from pubsub_tasks import verdicts
from pubsub_tasks.errors import UnknownMediaType
from pubsub_tasks.tasks.events import Event, Lost, Published, Settled
from pubsub_tasks.telemetry.log_formatters import JsonFormatter
from pubsub_tasks.telemetry.log_observer import LogObserver, logger
from pubsub_tasks.verdicts import (
    Ack,
    DeadLetter,
    Drop,
    Forward,
    Forwarded,
    Postpone,
    Postponed,
    Release,
    Retry,
    Verdict,
)
from pubsub_tasks.worker_health.counters import Counters
from pubsub_tasks.worker_health.status import counts
from tests.manual.pages import MANUAL, ROOT, named, rows
from tests.samples import delivery

PAGE = MANUAL / "logging-and-observers.md"

VERDICTS: list[Verdict] = [
    Ack(),
    Ack(skipped=True),
    Retry(1.0, OSError("gone")),
    Postpone(60.0),
    Postponed(),
    Forward(60.0),
    Forwarded(),
    DeadLetter("failed", KeyError("total")),
    Drop("too late"),
    Release(),
]


class Written(logging.Handler):
    """Keeps what a JSON log has."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter("orders.1"))
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@pytest.fixture
def written(caplog: pytest.LogCaptureFixture) -> Iterator[Written]:
    caplog.set_level(logging.DEBUG, "pubsub_tasks")
    handler = Written()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def events() -> Iterator[Event]:
    message = delivery(headers={"x-request-id": "r-1"})
    for verdict in VERDICTS:
        yield Settled("orders", message, "shop.bill", verdict, 0.1)
    yield Settled("orders", message, None, Retry(30.0, UnknownMediaType("m/new")), 0.0)
    yield Lost("orders", message)
    yield Published("m/order", "id-1", "orders", 0.1)


def test_every_key_that_is_written_is_in_the_table_and_the_other_way_round(written: Written) -> None:
    # given lines about every event that is logged, and about an error
    observe = LogObserver()
    for event in events():
        observe(event)
    try:
        raise OSError("gone")
    except OSError:
        logger.exception("failed", stack_info=True)

    # then their keys, and those that other modules give their lines, are the keys in the table
    keys = {key for line in written.lines for key in line}
    assert keys | set(literal_extras()) == {key for row in rows(PAGE, "JSON key") for key in named(row[0])}


def literal_extras() -> Iterator[str]:
    """The keys of each `extra={...}` in the package."""
    for source in (ROOT / "pubsub_tasks").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "extra" and isinstance(node.value, ast.Dict):
                yield from (str(ast.literal_eval(key)) for key in node.value.keys if key is not None)


def test_every_word_for_a_verdict_is_in_the_table_and_the_other_way_round(written: Written) -> None:
    observe = LogObserver()
    for event in events():
        observe(event)

    (told,) = [named(row[1]) for row in rows(PAGE, "JSON key") if named(row[0]) == ["verdict"]]
    assert {line["verdict"] for line in written.lines if "verdict" in line} == set(told)


def test_every_kind_of_verdict_is_among_the_lines() -> None:
    # Not `__subclasses__()`: other tests of the process make verdicts of their own
    declared = (each for each in vars(verdicts).values() if isinstance(each, type))
    kinds = {each.__name__ for each in declared if issubclass(each, Verdict)}

    assert {type(verdict).__name__ for verdict in VERDICTS} == kinds


def test_every_count_is_named_and_the_other_way_round() -> None:
    (sentence,) = re.findall(
        r"`counts` of a worker are\s+(.*?);", PAGE.read_text(encoding="utf-8"), re.DOTALL
    )

    assert set(named(sentence)) == set(counts(Counters()))
