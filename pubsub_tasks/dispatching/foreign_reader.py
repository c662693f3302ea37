"""Reads bodies without a media type by their shape, for a queue with tasks that ask for such bodies."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Self

from ..errors import DecodeError, EnvelopeError, MessageError
from ..messages.delivery import Delivery
from ..messages.foreign_body import ForeignBody, ForeignSchema
from ..tasks.task import Task
from ..wire.sns_notification import SubscriptionConfirmation


class ForeignReader:
    """Asks these schemas, each with its media type, in order which one recognizes a body."""

    def __init__(self, schemas: Sequence[tuple[ForeignSchema, str]]) -> None:
        self._schemas = schemas

    @classmethod
    def of(cls, tasks: Iterable[Task[..., Any]]) -> Self | None:
        """Return the reader for these tasks, or None if none asks for a foreign body."""
        schemas = [
            (task.codec.schema, task.media_type)
            for task in tasks
            if task.codec and isinstance(task.codec.schema, ForeignSchema)
        ]
        return cls(sorted(schemas, key=lambda each: each[0].IS_GENERIC)) if schemas else None

    def read(self, delivery: Delivery) -> Delivery:
        """Return the delivery with the media type and the fields of the schema that recognizes it.

        Otherwise it is unchanged, or its defect says why a recognized body cannot be handled. Never raises.
        """
        defect = delivery.defect
        if not isinstance(defect, EnvelopeError | DecodeError | None) or _is_confirmation(defect):
            return delivery
        try:
            body = ForeignBody.of(delivery.record)
            for schema, media_type in self._schemas:
                fields = schema.recognize(body)
                if fields is not None:
                    return replace(delivery, media_type=media_type, fields=fields, defect=None)
        except MessageError as error:
            return replace(delivery, defect=error)
        return delivery


def _is_confirmation(defect: object) -> bool:
    return isinstance(defect, SubscriptionConfirmation)
