"""Publishes content as the arguments of a Celery task."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...celery_messages.celery_encoder import CeleryCall
from ...content.codec import Codec
from ...content.unknown_fields import content_name
from ...wire.records import MEDIA_TYPE, OPAQUE_DATA, Attribute
from ...wire.resend_attribute import finite_number
from ...wire.serialization import Serializer
from ..current_message import current_message
from ..message import EXPIRES, MESSAGE_ID, NOT_BEFORE


def celery_codec(codec: Codec, task: str) -> Codec:
    """Return a codec that writes content as the arguments of a Celery task."""
    fields = codec.schema.dump_fields.items()
    return codec.with_format(
        CeleryBody(task, {field.data_key or name: content_name(name, field) for name, field in fields})
    )


@dataclass(frozen=True, slots=True)
class CeleryBody:
    """The format of messages for a Celery task.

    Attributes:
        task: name of the Celery task.
        names: names of the task's arguments by the fields' keys in a body, where the two differ.
    """

    task: str
    names: Mapping[str, str]

    is_packable = False

    def write(
        self, media_type: str, content: Mapping[str, Any], headers: Mapping[str, str], serializer: Serializer
    ) -> tuple[str, dict[str, Attribute]]:
        """See `BodyFormat.write`."""
        handled = current_message()
        kwargs = {
            self.names.get(name, name): value
            for name, value in content.items()
            if name not in (MEDIA_TYPE, OPAQUE_DATA)
        }
        call = CeleryCall(
            self.task,
            headers[MESSAGE_ID],
            kwargs,
            headers,
            root_id=headers.get("root_id"),
            parent_id=handled.delivery.id if handled else None,
            eta=finite_number(headers.get(NOT_BEFORE)),
            expires=finite_number(headers.get(EXPIRES)),
        )
        return call.body(serializer), {}
