"""Publishes the lines of a file, a hundred at a time, and keeps account of what failed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Self

from ...content.content_reader import ContentReader, json_object
from ...errors import MessageError, PublishFailed
from ...redrive.browse import Stop

CHUNK = 100
"""Lines that are published together, ten to a call. A command that is killed leaves one chunk in doubt."""

_IN_ORDER = "order counts on a FIFO topic, and nothing may pass a line that failed"

Line = tuple[int, bytes]
"""A line and its number, from 1."""


@dataclass(frozen=True, slots=True)
class LineFailure:
    """A line that was not published, and why."""

    number: int
    text: bytes
    error: str


@dataclass(slots=True)
class LinesReport:
    """What became of the lines.

    Attributes:
        published: messages that were published.
        failed: lines that were not, and never will be as they are.
        next_line: the first line that nothing was done with; None at the end of the file.
        stopped_by: why the run ended before the end of the file.
    """

    published: int = 0
    failed: int = 0
    next_line: int | None = None
    stopped_by: str = ""

    def stopped(self, why: str, next_line: int) -> Self:
        """Record that the run ended before this line."""
        self.stopped_by, self.next_line = why, next_line
        return self


@dataclass(frozen=True, slots=True)
class LinePublisher:
    """Publishes lines of JSON.

    Attributes:
        reader: reads the content of a line.
        publish_many: publishes contents and raises PublishFailed for those that failed.
        ordered: whether order counts, as on a FIFO topic: the run ends after the first failure, so that
            nothing passes the lines that failed.
        on_failures: is called with the failures of each chunk.
        on_progress: is called with the number of the last line that is done with.
    """

    reader: ContentReader
    publish_many: Callable[[list[Any]], object]
    ordered: bool = False
    on_failures: Callable[[list[LineFailure]], None] = field(default=lambda failures: None)
    on_progress: Callable[[int], None] = field(default=lambda number: None)

    def run(self, lines: Iterable[Line], stop: Stop) -> LinesReport:
        """Publish the lines until the end, until `stop` is set, or until the service refuses a whole chunk.

        Raises ConfigurationError if there is no topic.
        """
        report, waiting = LinesReport(), iter(lines)
        while chunk := list(islice(waiting, CHUNK)):
            first = chunk[0][0]
            if stop.is_set():
                return report.stopped("interrupted", first)
            read = self._read(chunk)
            if refusal := self._publish(read, report):
                return report.stopped(refusal, first)
            if read.failures:
                report.failed += len(read.failures)
                self.on_failures(sorted(read.failures, key=lambda each: each.number))
            self.on_progress(read.last)
            if read.failures and self.ordered:
                return report.stopped(_IN_ORDER, read.last + 1)
        return report

    def _read(self, chunk: list[Line]) -> "_ReadLines":
        """Read the contents of lines; where order counts, up to the first that cannot be read."""
        read = _ReadLines(chunk[-1][0])
        for number, text in chunk:
            try:
                content = self.reader.read(json_object(text))
            except MessageError as error:
                read.failures.append(LineFailure(number, text, str(error)))
                if self.ordered:
                    read.last = number
                    break
            else:
                read.lines.append((number, text))
                read.contents.append(content)
        return read

    def _publish(self, read: "_ReadLines", report: LinesReport) -> str:
        """Publish contents. Returns why the service refused all of them, or an empty string."""
        if not read.contents:
            return ""
        try:
            self.publish_many(read.contents)
        except PublishFailed as error:
            if not error.published and not isinstance(error.__cause__, MessageError):
                return str(error)
            for index, code, message in error.failed:
                read.failures.append(LineFailure(*read.lines[index], f"{code}: {message}"))
            report.published += len(error.published)
        else:
            report.published += len(read.contents)
        return ""


@dataclass(slots=True)
class _ReadLines:
    """The lines of a chunk up to number `last`: contents by line, and those that failed."""

    last: int
    lines: list[Line] = field(default_factory=list)
    contents: list[Any] = field(default_factory=list)
    failures: list[LineFailure] = field(default_factory=list)


def numbered(lines: Iterable[bytes], first: int) -> Iterator[Line]:
    """The lines from number `first` on with their numbers, without those that are blank."""
    return ((number, line) for number, line in enumerate(lines, 1) if number >= first and line.strip())
