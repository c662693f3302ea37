"""Opens bodies that a record alone does not give: parked in S3, large once decompressed, or not in JSON.

It may wait for S3 and use much memory, so it runs where handlers do, and not where messages are received.
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
    """Opens what `decode_record` left closed. `claims` is where large bodies are parked, or None."""

    def __init__(self, tasks: Tasks, queue: str, claims: ClaimStore | None = None) -> None:
        self._tasks = tasks
        self._queue = queue
        self._claims = claims

    def limit(self, delivery: Delivery) -> int:
        """The most bytes that opening its body may give; 0 if there is nothing to open."""
        match delivery.defect:
            case BodyInS3() if self._claims is not None:
                return self._max_size(delivery)
            case ContentDisallowed():
                return self._max_size(delivery)
            case BodyTooLarge(limit=limit) if limit < (most := self._max_size(delivery)):
                return most
        return 0

    def open(self, delivery: Delivery, limit: BodyLimit | None = None) -> Delivery:
        """The delivery opened as far as possible, or with the reason why not as its defect. Never raises.

        `limit` is the task's own unless given; the body's size is recorded in it.
        """
        limit = limit or BodyLimit(self.limit(delivery))
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
        # Only the body says that it came early; otherwise the attempt counts the tries of this worker too.
        early = opened.not_before != delivery.not_before
        return opened if early else replace(opened, attempt=delivery.attempt)

    def _fetch(self, claims: ClaimStore, pointer: Pointer, limit: BodyLimit) -> str:
        try:
            body = claims.fetch(pointer, limit.most)
        except (MessageError, TransportError):
            raise
        except BaseException as error:  # the message is sound, and must not be dead-lettered for this
            reraise_interrupt(error)
            raise ClaimMissing(f"a parked body cannot be fetched: {error_text(error)}") from error
        limit.used = len(body)
        return body

    def _accepted(self, delivery: Delivery) -> Collection[str]:
        """The content types that the task's schema reads."""
        codec = self._codec(delivery)
        return codec.accept if codec else JSON_ALONE

    def _max_size(self, delivery: Delivery) -> int:
        codec = self._codec(delivery)
        return codec.max_body_size if codec else MAX_EXPANDED

    def _codec(self, delivery: Delivery) -> Codec | None:
        """The codec of the task; until the body is open, an attribute names the media type."""
        media_type = delivery.media_type or ""
        task = self._tasks.find(media_type, self._queue)
        if task is None:
            return None
        try:
            return task.codec or self._tasks.codec(media_type)
        except UnknownMediaType:
            return None
