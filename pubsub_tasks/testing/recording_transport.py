"""Topics and queues in memory that record what is published, and refuse it during an outage."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from threading import Lock
from types import TracebackType
from typing import Any

from ..celery_messages.celery_arguments import fields_of_arguments
from ..celery_messages.celery_message import is_celery
from ..content.codec import Codec
from ..dead_letters.dead_letter_attribute import DEAD_LETTER
from ..errors import InvalidContent
from ..local.rules.broker import Broker
from ..messages.delivery import Delivery
from ..messages.envelope import MEDIA_TYPE_ATTRIBUTE, decode_record
from ..tasks.registry import Tasks
from ..transports.memory import MemoryTransport
from ..transports.sns import SnsPublisher
from ..transports.sqs import ApiCall, SqsQueue
from ..wire.compression import MAX_EXPANDED, BodyLimit
from ..wire.media_types import matches, wildcard
from ..wire.records import MEDIA_TYPE, OPAQUE_DATA, EntryFailure, Outgoing, Record, Sent
from ..wire.resend_attribute import RESENT
from ..wire.s3_pointer import BodyInS3, ClaimStore
from ..wire.serialization import JSON_ALONE
from .published_messages import PublishedMessage, PublishedMessages

Send = Callable[[Sequence[Outgoing]], list[Sent | EntryFailure]]
Carry = Callable[[str, Sequence[Outgoing], Send], list[Sent | EntryFailure]]


class Outage(AbstractContextManager["Outage"]):
    """Refuses what is published until its `with` block ends, or the test does.

    Args:
        media_type: of the messages to refuse; None for all.
        times: how many to refuse; None for all.
        code: the error code in `PublishFailed`.
    """

    def __init__(self, media_type: str | None, times: int | None, code: str) -> None:
        self.refused = 0
        self._media_type = media_type
        self._times = times
        self._code = code
        self._over = False
        self._lock = Lock()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True

    def refusal(self, entry: Outgoing) -> EntryFailure | None:
        """The failure of this entry, or None if it may be published."""
        media_type = str(entry.attributes[MEDIA_TYPE_ATTRIBUTE].value)
        if self._media_type is not None and not matches(self._media_type, media_type):
            return None
        with self._lock:
            if self._over or (self._times is not None and self.refused >= self._times):
                return None
            self.refused += 1
        # As an error of a whole call that boto3 has retried often enough: the sender does not wait.
        return EntryFailure(self._code, "an outage that the test asked for", retriable=False)


class RecordingTransport(MemoryTransport):
    """A memory transport for one test.

    Attributes:
        published: what topics and queues accepted from publishers, but for copies that the library sends.
        outages: those that the test asked for.
    """

    def __init__(self, broker: Broker, clock: Callable[[], float], reader: "PublicationReader") -> None:
        super().__init__(broker, clock)
        self.published = PublishedMessages()
        self.outages: list[Outage] = []
        self._reader = reader

    def publisher(self) -> SnsPublisher:
        return RecordingPublisher(partial(self._call_api, "sns"), self.record)

    def queue(self, url: str) -> SqsQueue:
        return RecordingQueue(url, partial(self._call_api, "sqs"), self.record)

    def unrecorded_queue(self, url: str) -> SqsQueue:
        """A queue to which the test kit itself sends."""
        return super().queue(url)

    def record(self, destination: str, entries: Sequence[Outgoing], send: Send) -> list[Sent | EntryFailure]:
        """Send the entries that no outage refuses, and record those that were accepted."""
        refusals = [self._refusal(entry) for entry in entries]
        sendable = [entry for entry, refusal in zip(entries, refusals, strict=True) if refusal is None]
        sent = iter(send(sendable) if sendable else ())
        answers = [refusal or next(sent) for refusal in refusals]
        for entry, answer in zip(entries, answers, strict=True):
            if isinstance(answer, Sent):
                self.published.append(self._reader.read(destination, entry))
        return answers

    def _refusal(self, entry: Outgoing) -> EntryFailure | None:
        return next(filter(None, (outage.refusal(entry) for outage in self.outages)), None)


class RecordingPublisher(SnsPublisher):
    """The publisher of a recording transport."""

    def __init__(self, call: ApiCall, record: Carry) -> None:
        super().__init__(call)
        self._record = record

    def publish(self, topic_arn: str, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
        return self._record(topic_arn, entries, partial(super().publish, topic_arn))


class RecordingQueue(SqsQueue):
    """A queue of a recording transport. Delayed tasks are sent to it; so are dead letters and copies."""

    def __init__(self, url: str, call: ApiCall, record: Carry) -> None:
        super().__init__(url, call)
        self._record = record

    def send(self, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
        if any({DEAD_LETTER, RESENT} & entry.attributes.keys() for entry in entries):
            return super().send(entries)
        return self._record(self.url, entries, super().send)


class PublicationReader:
    """Reads what was published as its receivers will. `claims` is the store of large bodies, or None."""

    def __init__(self, tasks: Tasks, claims: ClaimStore | None, clock: Callable[[], float]) -> None:
        self._tasks = tasks
        self._claims = claims
        self._clock = clock

    def read(self, destination: str, entry: Outgoing) -> PublishedMessage:
        """The message that was published to a topic (ARN) or queue (URL)."""
        media_type = str(entry.attributes[MEDIA_TYPE_ATTRIBUTE].value)
        codec = self._codec(media_type)
        delivery = self._delivery(entry, codec)
        hidden = (MEDIA_TYPE, OPAQUE_DATA)
        fields = {name: value for name, value in delivery.fields.items() if name not in hidden}
        if codec and is_celery(delivery.media_type):
            fields = fields_of_arguments(codec, (), fields)
        return PublishedMessage(
            media_type=media_type,
            content=_loaded(codec, fields),
            fields=fields,
            headers=delivery.headers,
            attributes=entry.attributes,
            id=delivery.id,
            group=entry.group_id,
            delay=max(entry.delay, delivery.not_before - self._clock(), 0),
            destination=destination,
            schema_name=type(codec.schema).__name__ if codec else media_type,
        )

    def _delivery(self, entry: Outgoing, codec: Codec | None) -> Delivery:
        record = Record(entry.body, "", "", attributes=entry.attributes)
        accept = codec.accept if codec else JSON_ALONE
        most = codec.max_body_size if codec else MAX_EXPANDED
        delivery = decode_record(record, accept=accept, limit=BodyLimit(most))
        if isinstance(delivery.defect, BodyInS3) and self._claims is not None:
            body = self._claims.fetch(delivery.defect.pointer, most)
            return decode_record(record, accept=accept, claimed=body, limit=BodyLimit(most))
        return delivery

    def _codec(self, media_type: str) -> Codec | None:
        """The codec of a declared schema, or None: the conventions of a name say too little of content."""
        schemas = self._tasks.schemas
        declared = not {media_type, wildcard(media_type)}.isdisjoint(schemas.media_types())
        return schemas.find(media_type) if declared else None


def _loaded(codec: Codec | None, fields: Mapping[str, Any]) -> Any:
    try:
        return codec.load(fields) if codec else fields
    except InvalidContent:  # published with another schema than the registered one
        return fields
