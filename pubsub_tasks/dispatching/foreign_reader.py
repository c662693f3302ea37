"""Reads bodies without a media type by their shape, for a queue with tasks that ask for such bodies."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Self

from ..celery_messages.celery_message import is_celery
from ..errors import DecodeError, EnvelopeError, MessageError
from ..messages.delivery import Delivery
from ..messages.foreign_body import PLAIN_TEXT, ForeignBody, ForeignSchema
from ..tasks.task import Task
from ..untrusted.exceptions import error_text, reraise_interrupt
from ..wire.compression import CONTENT_ENCODING
from ..wire.records import MEDIA_TYPE
from ..wire.sns_notification import SubscriptionConfirmation


class ForeignReader:
    """Asks these schemas, each with its media type, in order which one recognizes a body."""

    def __init__(self, schemas: Sequence[tuple[ForeignSchema, str]], assumed: str | None) -> None:
        self._schemas = schemas
        self._assumed = assumed

    @classmethod
    def of(cls, tasks: Iterable[Task[..., Any]], assumed: str | None = None) -> Self | None:
        """Return the reader for these tasks, or None if none asks for a foreign body.

        `assumed` is the media type of bodies that name none and that no schema recognizes.
        """
        schemas = [
            (task.codec.schema, task.media_type)
            for task in tasks
            if task.codec and isinstance(task.codec.schema, ForeignSchema)
        ]
        in_order = sorted(schemas, key=lambda each: each[0].IS_GENERIC)
        return cls(in_order, assumed) if schemas or assumed else None

    def read(self, delivery: Delivery) -> Delivery:
        """Return the delivery with the media type and the fields of the schema that recognizes it.

        Otherwise it is unchanged, or its defect says why a recognized body cannot be handled. Never raises.
        """
        defect = delivery.defect
        if not isinstance(defect, EnvelopeError | DecodeError | None) or _is_of_another_format(delivery):
            return delivery
        try:
            body = ForeignBody.of(delivery.record)
            for schema, media_type in self._schemas:
                fields = schema.recognize(body)
                if fields is not None:
                    return replace(delivery, media_type=media_type, fields=fields, defect=None)
        except MessageError as error:
            return replace(delivery, defect=error)
        except BaseException as error:  # a schema of the application
            reraise_interrupt(error)
            return replace(delivery, defect=DecodeError(f"the body is not recognized: {error_text(error)}"))
        if defect is None:
            return delivery
        if self._assumed is not None:
            return self._assume(delivery, body, self._assumed)
        if type(defect) is not EnvelopeError:  # the others say more than that a media type is missing
            return delivery
        names = ", ".join(type(schema).__name__ for schema, _ in self._schemas)
        told = EnvelopeError(f"{defect}; no schema of this queue recognizes the body either: {names}")
        return replace(delivery, defect=told)

    def _assume(self, delivery: Delivery, body: ForeignBody, media_type: str) -> Delivery:
        """Return the delivery with the assumed media type, if its body is what that takes."""
        if media_type == PLAIN_TEXT:
            return replace(delivery, media_type=media_type, fields=body.as_text(), defect=None)
        if not isinstance(body.document, dict) or MEDIA_TYPE in body.document:
            return delivery
        return replace(delivery, media_type=media_type, fields=body.document, defect=None)


def _is_of_another_format(delivery: Delivery) -> bool:
    """Whether the body is not plain text, even though it may look like it: its JSON is encoded."""
    return (
        isinstance(delivery.defect, SubscriptionConfirmation)
        or is_celery(delivery.media_type)
        or CONTENT_ENCODING in delivery.attributes
    )
