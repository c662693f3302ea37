"""Reads bodies that `decode_record` left unread: stored in S3, large once decompressed, or not JSON.

Reading may wait for S3 and use much memory, so it is done where handlers run and not by the receiver.
"""

from collections.abc import Collection
from dataclasses import replace

from ..content.codec import Codec
from ..errors import ClaimMissing, ContentDisallowed, MessageError, TransportError, UnknownMediaType
from ..messages.delivery import Delivery
from ..messages.envelope import decode_record
from ..tasks.registry import Tasks
from ..untrusted.exceptions import error_text, reraise_interrupt
from ..wire.compression import MAX_EXPANDED, BodyLimit, BodyTooLarge
from ..wire.s3_pointer import BodyInS3, ClaimStore, Pointer
from ..wire.serialization import JSON_ALONE


class BodyReader:
    """Reads the bodies of one queue. `claims` is the store of large bodies, or None."""

    def __init__(self, tasks: Tasks, queue: str, claims: ClaimStore | None = None) -> None:
        self._tasks = tasks
        self._queue = queue
        self._claims = claims

    def max_body_size(self, delivery: Delivery) -> int:
        """The most bytes that reading the body may take; 0 if there is nothing to read."""
        match delivery.defect:
            case BodyInS3() if self._claims is not None:
                return self._schema_limit(delivery)
            case ContentDisallowed():
                return self._schema_limit(delivery)
            case BodyTooLarge(limit=limit) if limit < (most := self._schema_limit(delivery)):
                return most
        return 0

    def read(self, delivery: Delivery, limit: BodyLimit | None = None) -> Delivery:
        """Return the delivery with its body, or with the reason why it cannot be read as its defect.

        Never raises. `limit` bounds the size of the body, by default to `max_body_size`, and records it.
        """
        limit = limit or BodyLimit(self.max_body_size(delivery))
        if not limit.most:
            return delivery
        claimed = None
        if isinstance(delivery.defect, BodyInS3) and self._claims is not None:
            try:
                claimed = self._fetch(self._claims, delivery.defect.pointer, limit)
            except (MessageError, TransportError) as error:
                return replace(delivery, defect=error)
        accept = self._accepted(delivery)
        opened = decode_record(delivery.record, delivery.lease, accept=accept, claimed=claimed, limit=limit)
        # A body that says the message is early resets the attempt; otherwise keep the delivery's own count.
        early = opened.not_before != delivery.not_before
        return opened if early else replace(opened, attempt=delivery.attempt)

    def _fetch(self, claims: ClaimStore, pointer: Pointer, limit: BodyLimit) -> str:
        try:
            body = claims.fetch(pointer, limit.most)
        except (MessageError, TransportError):
            raise
        except BaseException as error:  # not the message's fault, so it must not be dead-lettered for it
            reraise_interrupt(error)
            raise ClaimMissing(f"a body stored elsewhere cannot be fetched: {error_text(error)}") from error
        limit.used = len(body)
        return body

    def _accepted(self, delivery: Delivery) -> Collection[str]:
        """The content types that the task's schema reads."""
        codec = self._codec(delivery)
        return codec.accept if codec else JSON_ALONE

    def _schema_limit(self, delivery: Delivery) -> int:
        codec = self._codec(delivery)
        return codec.max_body_size if codec else MAX_EXPANDED

    def _codec(self, delivery: Delivery) -> Codec | None:
        """The codec of the task, or None. Until the body is read, an attribute names the media type."""
        task = self._tasks.task_for(delivery, self._queue)
        if task is None:
            return None
        try:
            return task.codec or self._tasks.codec(delivery.media_type or "")
        except UnknownMediaType:
            return None
