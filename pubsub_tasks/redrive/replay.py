"""Runs the local handler on a letter, with the dispatcher that a worker uses. Leaves the queue unchanged."""

from collections.abc import Callable
from dataclasses import dataclass

from ..consumer.message_dispatcher import handle_delivery
from ..dead_letters.letter_view import Letter
from ..dead_letters.redriven_message import restore_message
from ..dispatching.dispatcher import Dispatcher
from ..messages.envelope import decode_record
from ..verdicts import Verdict
from ..wire.records import Record


@dataclass(frozen=True, slots=True)
class Replay:
    """The result of a replay: the name of the task that ran, None if none did, and its verdict."""

    task: str | None
    verdict: Verdict


def replay_letter(dispatcher: Dispatcher, letter: Letter, clock: Callable[[], float]) -> Replay:
    """Handle a letter as the first attempt of its redriven copy. The handler's effects are real."""
    message = restore_message(letter.record)
    now = clock()
    delivery = decode_record(
        Record(
            message.body,
            receipt_handle="",
            message_id=letter.record.message_id,
            sent_at=now,
            first_received_at=now,
            attributes=message.attributes,
            group_id=message.group_id,
        )
    )
    return Replay(*handle_delivery(dispatcher, delivery, clock))
