"""Replay: a queue of lines from a file or from standard input, for as long as it takes to handle them.

A line is a message as SQS hands it out (JSON with `Body`, as the AWS CLI prints it), a record of a Lambda
event, a dead letter as `pubsub-tasks dlq` keeps it, or a body itself. The queue is in memory: retries and
dead letters are what they are anywhere, and the file stays as it is.
"""

import json
import logging
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from ..dead_letters import archive
from ..errors import ConfigurationError, EnvelopeError
from ..messages.envelope import record_from_lambda
from ..tasks.registry import Tasks
from ..transports.boto_shapes import parse_attributes
from ..transports.sqs import SqsQueue
from ..wire.record_reader import make_attribute_from_base64
from ..wire.records import NO_ATTRIBUTES, Attribute, EntryFailure, Outgoing
from .memory import MemoryEnvironment

logger = logging.getLogger(__name__)

STDIN = "STDIN"
"""Stands for standard input where a queue URL or a file is expected."""


class ReplayedLines(MemoryEnvironment):
    """A world whose queue, whatever it is called, holds the messages of these lines.

    `refused` counts the lines that no queue takes, such as one over the size limit; each is logged.
    """

    def __init__(self, tasks: Tasks, lines: Iterable[str]) -> None:
        super().__init__(tasks)
        self._outgoing = [(number, _outgoing(line)) for number, line in enumerate(lines, 1) if line.strip()]
        self.refused = 0
        self._filled: SqsQueue | None = None

    def queue(self, url: str) -> SqsQueue:
        queue = super().queue(url)
        if self._filled is None:
            self._filled = queue
            for number, outgoing in self._outgoing:
                (answer,) = queue.send([outgoing])
                if isinstance(answer, EntryFailure):
                    self.refused += 1
                    logger.error("line %d is no message that a queue takes: %s", number, answer.message)
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
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"cannot read messages from {source}: {error}") from error


def is_file(url: str) -> bool:
    """Whether a queue's URL is not one, but the path of a file, or stands for standard input."""
    return url == STDIN or url.startswith("file:") or _path(url).is_file()


def _path(url: str) -> Path:
    return Path(urlparse(url).path if url.startswith("file:") else url)


def _outgoing(line: str) -> Outgoing:
    """The message of a line; a line that cannot be read is a message that cannot be read.

    Raises DecodeError for a broken letter.
    """
    line = line.rstrip("\r\n")
    try:
        return Outgoing(*_message(line))
    except EnvelopeError:
        return Outgoing(line)


def _message(line: str) -> tuple[str, Mapping[str, Attribute]]:
    document = _object(line)
    if isinstance(document.get("Body"), str):
        return document["Body"], _attributes(document.get("MessageAttributes"))
    if isinstance(document.get("body"), str) and "mediaType" not in document:
        record = record_from_lambda(document) if "messageId" in document else archive.from_line(line)
        return record.body, record.attributes
    return line, NO_ATTRIBUTES


def _attributes(shapes: Any) -> Mapping[str, Attribute]:
    """Of a message as the AWS CLI prints it, with binary values in base64."""
    found = parse_attributes(shapes)
    read = {name: make_attribute_from_base64(each.type, each.value) for name, each in found.items()}
    return {name: each for name, each in read.items() if each is not None}


def _object(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
