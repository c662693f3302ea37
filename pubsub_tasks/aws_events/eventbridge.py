"""Events of EventBridge, in general or of one `detail-type`.

Source: EventBridge user guide, "AWS service event metadata".
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import fields

from ..messages.foreign_body import ForeignBody, ForeignSchema


class EventBridgeEvent(ForeignSchema):
    """An event of EventBridge. For one kind of event, derive a schema:

        class InstanceStateChanged(EventBridgeEvent):
            MEDIA_TYPE = "application/vnd.aws.ec2.instance-state-changed"
            SOURCE = "aws.ec2"
            DETAIL_TYPE = "EC2 Instance State-change Notification"
            detail = fields.Nested(StateChange, required=True)

    Fields: `id`, `source`, `detail_type`, `account`, `time`, `region`, `resources` and `detail`.
    """

    MEDIA_TYPE = "application/vnd.aws.eventbridge.event"

    SOURCE: ClassVar[str | None] = None
    """The `source` of the events; None for any."""

    DETAIL_TYPE: ClassVar[str | None] = None
    """The `detail-type` of the events; None for any."""

    id = fields.String(required=True)
    source = fields.String(required=True)
    detail_type = fields.String(required=True)
    account = fields.String(load_default=None, allow_none=True)
    time = fields.AwareDateTime(required=True)
    region = fields.String(load_default=None, allow_none=True)
    resources = fields.List(fields.String(), load_default=list)
    detail = fields.Dict(required=True)

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        cls.IS_GENERIC = cls.DETAIL_TYPE is None

    @classmethod
    def recognize(cls, body: ForeignBody) -> Mapping[str, Any] | None:
        """Recognize an event with this schema's `source` and `detail-type`."""
        event = eventbridge_event(body)
        if event is None:
            return None
        for wanted, name in ((cls.SOURCE, "source"), (cls.DETAIL_TYPE, "detail-type")):
            if wanted is not None and event[name] != wanted:
                return None
        return {**event, "detail_type": event["detail-type"]}


EventBridgeEvent.IS_GENERIC = True


def eventbridge_event(body: ForeignBody) -> Mapping[str, Any] | None:
    """Return the members of an event of EventBridge, or None for any other body."""
    members = body.members
    named = all(isinstance(members.get(name), str) for name in ("source", "detail-type"))
    return members if named and isinstance(members.get("detail"), dict) else None
