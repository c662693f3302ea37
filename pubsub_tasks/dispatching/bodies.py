"""BodyReader: what a record alone does not tell: a body that is parked elsewhere, or in another content type.

It may wait for a store, so it runs where handlers do, and not where messages are received.
"""

from collections.abc import Collection
from dataclasses import replace

from ..errors import ClaimMissing, ContentDisallowed, MessageError, TransportError, UnknownMediaType
from ..messages.delivery import Delivery
from ..messages.envelope import decode_record
from ..tasks.registry import Tasks
from ..untrusted.exceptions import error_text, reraise_interrupt
from ..wire.s3_pointer import BodyInS3, ClaimStore, Pointer
from ..wire.serialization import JSON_ALONE


class BodyReader:
    """Opens further what `decode_record` left closed. `claims` is where large bodies are parked, or None."""

    def __init__(self, tasks: Tasks, queue: str, claims: ClaimStore | None = None) -> None:
        self._tasks = tasks
        self._queue = queue
        self._claims = claims

    def open(self, delivery: Delivery) -> Delivery:
        """The delivery opened as far as may be, or with what is in the way as its defect. Never raises."""
        match delivery.defect:
            case BodyInS3(pointer=pointer) if self._claims is not None:
                return self._claimed(delivery, self._claims, pointer)
            case ContentDisallowed():
                return decode_record(delivery.record, delivery.lease, accept=self._accepted(delivery))
        return delivery

    def _claimed(self, delivery: Delivery, claims: ClaimStore, pointer: Pointer) -> Delivery:
        try:
            body = claims.fetch(pointer)
        except (MessageError, TransportError) as error:
            return replace(delivery, defect=error)
        except BaseException as error:  # the message is sound, and must not be dead-lettered for this
            reraise_interrupt(error)
            text = error_text(error)
            return replace(delivery, defect=ClaimMissing(f"a parked body cannot be fetched: {text}"))
        return decode_record(delivery.record, delivery.lease, accept=self._accepted(delivery), claimed=body)

    def _accepted(self, delivery: Delivery) -> Collection[str]:
        """The content types that the task's schema reads; its media type is told in an attribute too."""
        media_type = delivery.media_type or ""
        task = self._tasks.find(media_type, self._queue)
        if task is None:
            return JSON_ALONE
        try:
            return (task.codec or self._tasks.codec(media_type)).accept
        except UnknownMediaType:
            return JSON_ALONE
