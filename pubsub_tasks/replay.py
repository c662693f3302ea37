"""Replay: a queue of lines from a file or from standard input, for as long as it takes to handle them.

A line is a message as SQS hands it out (JSON with `Body`, as the AWS CLI prints it), a record of a Lambda
event, a dead letter as `pubsub-tasks dlq` keeps it, or a body itself. The queue is in memory: retries and
dead letters are what they are anywhere, and the file stays as it is.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from .envelope import from_lambda
from .errors import ConfigurationError
from .letters import archive
from .tasks import Tasks
from .testing.world import World
from .transports.shapes import attributes_from
from .transports.sqs import SqsQueue
from .wire import MAX_BATCH, NO_ATTRIBUTES, Attribute, Outgoing

STDIN = "STDIN"
"""Stands for standard input where a queue URL or a file is expected."""


class ReplayedLines(World):
    """A world whose queue, whatever it is called, holds the messages of these lines."""

    def __init__(self, tasks: Tasks, lines: Iterable[str]) -> None:
        super().__init__(tasks)
        self._outgoing = [_outgoing(line) for line in lines if line.strip()]
        self._filled: SqsQueue | None = None

    def queue(self, url: str) -> SqsQueue:
        queue = super().queue(url)
        if self._filled is None:
            self._filled = queue
            for start in range(0, len(self._outgoing), MAX_BATCH):
                queue.send(self._outgoing[start : start + MAX_BATCH])
            self._outgoing = []
        return queue

    def is_over(self) -> bool:
        """Whether each message was handled, dropped, or is a dead letter."""
        if self._filled is None:
            return False
        found = self._filled.attributes()
        return not (found.visible or found.in_flight or found.delayed)


def lines_of(source: str) -> list[str]:
    """The lines of a file, of a `file:` URL, or of standard input. Raises ConfigurationError."""
    try:
        if source == STDIN:
            return list(sys.stdin)
        return _path(source).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read messages from {source}: {error}") from error


def is_file(url: str) -> bool:
    """Whether a queue's URL is not one, but the path of a file, or stands for standard input."""
    return url == STDIN or url.startswith("file:") or _path(url).is_file()


def _path(url: str) -> Path:
    return Path(urlparse(url).path if url.startswith("file:") else url)


def _outgoing(line: str) -> Outgoing:
    """The message of a line; a line that cannot be read is a message that cannot be read."""
    return Outgoing(*_message(line.rstrip("\r\n")))


def _message(line: str) -> tuple[str, Mapping[str, Attribute]]:
    document = _object(line)
    if isinstance(document.get("Body"), str):
        return document["Body"], attributes_from(document.get("MessageAttributes"))
    if isinstance(document.get("body"), str) and "mediaType" not in document:
        record = from_lambda(document) if "messageId" in document else archive.read(line)
        return record.body, record.attributes
    return line, NO_ATTRIBUTES


def _object(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
