"""Event notifications of S3: to a queue, through a topic, and through EventBridge.

Sources: S3 user guide, "Event message structure" and "EventBridge event message structure".
"""

import logging
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import unquote_plus

from marshmallow import Schema, fields

from ..errors import EnvelopeError
from ..messages.foreign_body import ForeignBody, ForeignSchema, NothingToHandle
from .eventbridge import eventbridge_event

logger = logging.getLogger(__name__)

_EVENTBRIDGE = {"Object Created": "ObjectCreated", "Object Deleted": "ObjectRemoved"}
"""What S3 calls the same kind of event in its own notifications."""


class S3Record(Schema):
    """What happened to one object.

    Fields: `bucket`, `key` (decoded), `size` in bytes, `etag`, `version_id`, `sequencer`, `event` such as
    `ObjectCreated:Put`, `time`, `region`, and `record`, the whole record.
    """

    bucket = fields.String(required=True)
    key = fields.String(required=True)
    size = fields.Integer(load_default=None, allow_none=True)
    etag = fields.String(load_default=None, allow_none=True)
    version_id = fields.String(load_default=None, allow_none=True)
    sequencer = fields.String(load_default=None, allow_none=True)
    event = fields.String(required=True)
    time = fields.AwareDateTime(required=True)
    region = fields.String(load_default=None, allow_none=True)
    record = fields.Dict(required=True)


class S3Event(ForeignSchema):
    """Records of S3 of any kind, one or more in a message. Field: `records`."""

    MEDIA_TYPE = "application/vnd.aws.s3.event"
    IS_GENERIC = True

    KIND: ClassVar[str | None] = None
    """The events that are recognized, such as `ObjectCreated`; None for all."""

    records = fields.List(fields.Nested(S3Record), required=True)

    @classmethod
    def recognize(cls, body: ForeignBody) -> Mapping[str, Any] | None:
        """Recognize a notification whose records are all of this kind.

        Raises EnvelopeError if only some are, and NothingToHandle for `s3:TestEvent`.
        """
        members = body.members
        if members.get("Service") == "Amazon S3" and members.get("Event") == "s3:TestEvent":
            logger.info("S3 tests the notifications of bucket %.256s", members.get("Bucket"))
            raise NothingToHandle("a test event of S3")
        records = _records(members) or _record_of_eventbridge(body)
        kinds = {record["event"].partition(":")[0] for record in records}
        if not kinds or cls.KIND is None:
            return {"records": records} if kinds else None
        if cls.KIND not in kinds:
            return None
        if len(kinds) > 1:
            raise EnvelopeError(f"one message has S3 records of several kinds: {', '.join(sorted(kinds))}")
        return {"records": records}


class S3ObjectCreated(S3Event):
    """Objects that were put, posted, copied or uploaded. Field: `records`, see `S3Record`."""

    MEDIA_TYPE = "application/vnd.aws.s3.object-created"
    IS_GENERIC = False
    KIND = "ObjectCreated"


class S3ObjectRemoved(S3Event):
    """Objects that were deleted, or that got a delete marker. Field: `records`, see `S3Record`."""

    MEDIA_TYPE = "application/vnd.aws.s3.object-removed"
    IS_GENERIC = False
    KIND = "ObjectRemoved"


def _records(members: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = members.get("Records")
    if not isinstance(found, list) or not all(_is_of_s3(each) for each in found):
        return []
    return [_record(each) for each in found]


def _is_of_s3(record: object) -> bool:
    return (
        isinstance(record, dict)
        and record.get("eventSource") == "aws:s3"
        and isinstance(record.get("eventName"), str)
        and isinstance(record.get("s3"), dict)
    )


def _record(record: Mapping[str, Any]) -> dict[str, Any]:
    entity = record["s3"]
    key = _member(entity, "object", "key")
    return _given(
        bucket=_member(entity, "bucket", "name"),
        key=unquote_plus(key) if isinstance(key, str) else key,
        size=_member(entity, "object", "size"),
        etag=_member(entity, "object", "eTag"),
        version_id=_member(entity, "object", "versionId"),
        sequencer=_member(entity, "object", "sequencer"),
        event=record["eventName"].removeprefix("s3:"),
        time=record.get("eventTime"),
        region=record.get("awsRegion"),
        record=record,
    )


def _record_of_eventbridge(body: ForeignBody) -> list[dict[str, Any]]:
    event = eventbridge_event(body)
    if event is None or event["source"] != "aws.s3":
        return []
    detail, kind = event["detail"], event["detail-type"]
    return [
        _given(
            bucket=_member(detail, "bucket", "name"),
            key=_member(detail, "object", "key"),  # EventBridge's keys are not encoded
            size=_member(detail, "object", "size"),
            etag=_member(detail, "object", "etag"),
            version_id=_member(detail, "object", "version-id"),
            sequencer=_member(detail, "object", "sequencer"),
            event=_EVENTBRIDGE.get(kind, kind),
            time=event.get("time"),
            region=event.get("region"),
            record=event,
        )
    ]


def _member(members: Mapping[str, Any], *path: str) -> Any:
    found: Any = members
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
