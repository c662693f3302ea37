"""A queue in memory, filled with messages from the lines of a file or of standard input.

A line is a message from SQS (JSON with `Body`, as the AWS CLI prints it), a record of a Lambda event, a dead
letter exported by `pubsub-tasks dlq`, or a message body. Retries and dead letters work as on any queue; the
file does not change.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from ..dead_letters import archive
from ..errors import EnvelopeError
from ..messages.lambda_record import record_from_lambda
from ..tasks.registry import Tasks
from ..transports.boto_shapes import parse_attributes
from ..transports.sqs import SqsQueue
from ..wire.record_reader import make_attribute_from_base64
from ..wire.records import NO_ATTRIBUTES, Attribute, EntryFailure, Outgoing
from .memory import MemoryEnvironment

logger = logging.getLogger(__name__)


class ReplayedLines(MemoryEnvironment):
    """A memory environment whose first queue, of any name, gets the messages of these lines.

    `refused` counts the lines that the queue refuses, such as one over the size limit; each is logged.
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
                    logger.error("line %d is not a valid message: %s", number, answer.message)
            self._outgoing = []
        return queue

    def is_over(self) -> bool:
        """Whether all messages have been handled, dropped or dead-lettered."""
        if self._filled is None:
            return False
        found = self._filled.attributes()
        return not (found.visible or found.in_flight or found.delayed)


def _outgoing(line: str) -> Outgoing:
    """The message of a line. A line that cannot be parsed is sent as the body of a message.

    Raises DecodeError for a malformed dead letter.
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
    """Attributes of a message as the AWS CLI prints it, with binary values in base64."""
    found = parse_attributes(shapes)
    read = {name: make_attribute_from_base64(each.type, each.value) for name, each in found.items()}
    return {name: each for name, each in read.items() if each is not None}


def _object(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
