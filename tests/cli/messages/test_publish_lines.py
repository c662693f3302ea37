"""Lines of a file on their way to a topic: chunks, refusals and interrupts."""

import json
from threading import Event
from typing import Any

from pubsub_tasks.cli.messages.publish_lines import CHUNK, LineFailure, LinePublisher, numbered
from pubsub_tasks.content.codec import Codec
from pubsub_tasks.content.content_reader import ContentReader
from pubsub_tasks.errors import MessageTooLarge, PublishFailed, TransportError
from tests.samples import OrderPlaced

READER = ContentReader(Codec(OrderPlaced))


def lines(count: int) -> list[bytes]:
    return [json.dumps({"order_id": str(number), "total": "1"}).encode() for number in range(1, count + 1)]


def refused(count: int, cause: Exception, published: int = 0) -> PublishFailed:
    failed = [(index, "InternalError", "try again") for index in range(published, count)]
    error = PublishFailed("refused", failed=failed, published=[(each, "id") for each in range(published)])
    error.__cause__ = cause
    return error


def test_a_chunk_that_the_service_refuses_ends_the_run_before_it() -> None:
    chunks: list[list[Any]] = []

    def publish(contents: list[Any]) -> None:
        chunks.append(contents)
        if len(chunks) == 2:
            raise refused(len(contents), TransportError("no network"))

    report = LinePublisher(READER, publish).run(numbered(lines(3 * CHUNK), 1), Event())

    assert (report.published, report.failed) == (CHUNK, 0)
    assert (report.next_line, report.stopped_by) == (CHUNK + 1, "refused")


def test_messages_that_fail_alone_are_recorded_and_the_run_goes_on() -> None:
    failures: list[LineFailure] = []

    def publish(contents: list[Any]) -> None:
        if contents[0]["order_id"] == "1":
            raise refused(len(contents), TransportError("throttled"), published=len(contents) - 1)

    publisher = LinePublisher(READER, publish, on_failures=failures.extend)
    report = publisher.run(numbered(lines(CHUNK + 5), 1), Event())

    assert (report.published, report.failed, report.next_line) == (CHUNK + 4, 1, None)
    assert [(each.number, each.error) for each in failures] == [(CHUNK, "InternalError: try again")]


def test_a_chunk_of_messages_that_are_all_too_large_does_not_end_the_run() -> None:
    def publish(contents: list[Any]) -> None:
        raise refused(len(contents), MessageTooLarge("order", 2, 1))

    report = LinePublisher(READER, publish).run(numbered(lines(3), 1), Event())

    assert (report.published, report.failed, report.stopped_by) == (0, 3, "")


def test_an_interrupt_ends_the_run_after_its_chunk() -> None:
    stop = Event()

    report = LinePublisher(READER, lambda contents: stop.set()).run(numbered(lines(2 * CHUNK), 1), stop)

    assert report.published == CHUNK
    assert (report.next_line, report.stopped_by) == (CHUNK + 1, "interrupted")


def test_progress_is_the_number_of_the_last_line() -> None:
    seen: list[int] = []

    publisher = LinePublisher(READER, lambda contents: None, on_progress=seen.append)
    publisher.run(numbered([*lines(CHUNK + 3), b"{bad"], 2), Event())

    assert seen == [CHUNK + 1, CHUNK + 4]
