"""Replaying: a letter through the local handler, by the same dispatch as in a worker. Touches no queue."""

from collections.abc import Callable
from dataclasses import dataclass

from ..consumer.message_dispatcher import decide
from ..dead_letters.dead_letter_copy import restore
from ..dead_letters.letter import Letter
from ..dispatching.dispatcher import Dispatcher
from ..messages.envelope import decode_record
from ..verdicts import Verdict
from ..wire.records import Record


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of it: the task that ran, None where none did, and the verdict."""

    task: str | None
    verdict: Verdict


def replay(dispatcher: Dispatcher, letter: Letter, clock: Callable[[], float]) -> Replay:
    """Handle a letter as its redriven copy would be on its first attempt. The handler's effects are real."""
    sent = restore(letter.record)
    now = clock()
    opened = decode_record(
        Record(
            sent.body,
            receipt_handle="",
            message_id=letter.record.message_id,
            sent_at=now,
            first_received_at=now,
            attributes=sent.attributes,
            group_id=sent.group_id,
        )
    )
    return Replay(*decide(dispatcher, opened, clock))
