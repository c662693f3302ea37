"""A message on a queue, as text for people and as JSON for programs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from rich.console import Console, RenderableType
from rich.text import Text

from ...dead_letters.archive import to_dict
from ...messages.delivery import Delivery
from ...messages.envelope import decode_record
from ...untrusted.readable_times import format_age, format_time
from ...wire.records import MEDIA_TYPE, OPAQUE_DATA, Record
from ...wire.serialization import content_type_of
from ..output.terminal import without_controls
from ..output.values import pairs, tree, writable

_NO_CONTENT = (MEDIA_TYPE, OPAQUE_DATA)


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message and its content in whatever content type it has."""

    delivery: Delivery

    @classmethod
    def of(cls, record: Record) -> Self:
        """The view of a record. Never raises: a body that cannot be read is `delivery.defect`."""
        return cls(decode_record(record, accept={content_type_of(record.attributes)}))

    @property
    def content(self) -> Mapping[str, Any]:
        """The schema's fields; empty if the body cannot be read."""
        return {name: value for name, value in self.delivery.fields.items() if name not in _NO_CONTENT}

    def as_json(self, now: float) -> dict[str, Any]:
        """The message for programs; `record` has it byte for byte. `now` is epoch seconds."""
        delivery = self.delivery
        return {
            "id": delivery.id,
            "media_type": delivery.media_type,
            "attempt": delivery.attempt,
            "receives": delivery.receives,
            "age": round(delivery.age(now), 3),
            "published_at": delivery.published_at,
            "group": delivery.group,
            "defect": str(delivery.defect) if delivery.defect else None,
            "headers": dict(delivery.headers),
            "content": writable(self.content),
            "record": to_dict(delivery.record),
        }

    def print(self, now: float, console: Console) -> None:
        """Print everything that the message carries. `now` is epoch seconds."""
        media_type = self.delivery.media_type or "(no media type)"
        console.print(Text(without_controls(media_type), style="bold"))
        console.print(Text(without_controls(self.delivery.id), style="cyan"))
        console.print(pairs(self._facts(now)))
        for heading, section in self._sections():
            console.print(Text(heading, style="bold"))
            console.print(section)
        console.print()

    def _facts(self, now: float) -> Iterator[tuple[str, object]]:
        delivery = self.delivery
        yield "attempt", delivery.attempt
        if delivery.receives != delivery.attempt:
            yield "receives", delivery.receives
        age, published = format_age(delivery.age(now)), format_time(delivery.published_at)
        yield "published", f"{age} ago, {published}"
        if delivery.not_before > now:
            yield "not before", format_time(delivery.not_before)
        yield "message group", delivery.group
        yield "SQS message", delivery.sqs_message_id
        yield "dead letter of", delivery.record.source_arn

    def _sections(self) -> Iterator[tuple[str, RenderableType]]:
        delivery = self.delivery
        if delivery.defect:
            yield "Defect", Text(f"  {without_controls(delivery.defect)}")
            yield "Body (cannot be read)", Text(without_controls(delivery.record.body))
        else:
            yield "Content", tree(self.content)
        if delivery.headers:
            yield "Headers", pairs(delivery.headers.items())
        attributes = [(name, value.value) for name, value in delivery.attributes.items()]
        if attributes:
            yield "Attributes", pairs(attributes)
