"""Replaces a message by a copy in a queue: a delayed one in its own, or one in the queue for Celery tasks."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..messages.delivery import Delivery
from ..untrusted.exceptions import SafeLogger, error_text
from ..verdicts import Forward, Forwarded, Postpone, Postponed, Verdict
from ..wire.records import EntryFailure, Outgoing, Sent
from .postponement import forwarded_copy, postponed_copy

logger = SafeLogger(__name__)

Send = Callable[[Sequence[Outgoing]], Sequence[Sent | EntryFailure]]
"""Sends messages to a queue. Returns one answer per message, or raises TransportError."""


class CopySender:
    """Sends the copies of one worker.

    Args:
        send: sends to the worker's own queue.
        forward: sends to the queue for Celery tasks that the worker does not handle, if there is one.
        wall: returns epoch seconds.
    """

    def __init__(self, send: Send, forward: Send | None, wall: Callable[[], float]) -> None:
        self._send = send
        self._forward = forward
        self._wall = wall

    def replace(self, delivery: Delivery, verdict: Postpone | Forward, fields: Mapping[str, Any]) -> Verdict:
        """Send the copy that the verdict asks for. `fields` are those of a log line.

        Returns the verdict after which the message is deleted, or the given one if no copy is needed or the
        send is not confirmed.
        """
        if isinstance(verdict, Forward):
            return self._confirmed(self._forward, forwarded_copy(delivery), Forwarded(), verdict, fields)
        copy = postponed_copy(delivery, self._wall())
        return self._confirmed(self._send, copy, Postponed(), verdict, fields)

    def _confirmed(
        self,
        send: Send | None,
        copy: Outgoing | None,
        sent: Verdict,
        unsent: Verdict,
        fields: Mapping[str, Any],
    ) -> Verdict:
        if copy is None or send is None:
            return unsent
        try:
            (answer,) = send([copy])
        except Exception as error:
            problem = error_text(error)
        else:
            if isinstance(answer, Sent):
                return sent
            problem = f"{answer.code} {answer.message}"
        logger.warning(
            "message %s stays on its queue, since a copy of it cannot be sent: %s",
            fields["message_id"],
            problem,
            extra=fields,
        )
        return unsent
