"""State changes of CloudWatch alarms: through a topic, and through EventBridge.

Sources: CloudWatch user guide, "Alarm events and EventBridge"; the JSON that alarm actions publish to SNS.
"""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from ..messages.foreign_body import ForeignBody, ForeignSchema
from .eventbridge import eventbridge_event

STATE_CHANGE = "CloudWatch Alarm State Change"


class CloudWatchAlarm(ForeignSchema):
    """An alarm that changed its state.

    Fields: `name`, `arn`, `state` and `previous_state` (`OK`, `ALARM` or `INSUFFICIENT_DATA`), `reason`,
    `time`, `description`, `account`, `region`, and `alarm`, the whole event. The region is its name
    in words if the event came through a topic, such as `EU (Ireland)`.
    """

    MEDIA_TYPE = "application/vnd.aws.cloudwatch.alarm"

    name = fields.String(required=True)
    arn = fields.String(load_default=None, allow_none=True)
    state = fields.String(required=True)
    previous_state = fields.String(load_default=None, allow_none=True)
    reason = fields.String(load_default="", allow_none=True)
    time = fields.AwareDateTime(load_default=None, allow_none=True)
    description = fields.String(load_default=None, allow_none=True)
    account = fields.String(load_default=None, allow_none=True)
    region = fields.String(load_default=None, allow_none=True)
    alarm = fields.Dict(required=True)

    @classmethod
    def recognize(cls, body: ForeignBody) -> Mapping[str, Any] | None:
        """Recognize the JSON of an alarm action, and EventBridge's event of a state change."""
        members = body.members
        if {"AlarmName", "NewStateValue", "StateChangeTime"} <= members.keys():
            return {
                "name": members["AlarmName"],
                "arn": members.get("AlarmArn"),
                "state": members["NewStateValue"],
                "previous_state": members.get("OldStateValue"),
                "reason": members.get("NewStateReason"),
                "time": members["StateChangeTime"],
                "description": members.get("AlarmDescription"),
                "account": members.get("AWSAccountId"),
                "region": members.get("Region"),
                "alarm": members,
            }
        event = eventbridge_event(body)
        if event is None or event["source"] != "aws.cloudwatch" or event["detail-type"] != STATE_CHANGE:
            return None
        return _of_eventbridge(event)


def _of_eventbridge(event: Mapping[str, Any]) -> Mapping[str, Any]:
    detail = event["detail"]
    state, previous, configuration = (
        value if isinstance(value := detail.get(name), dict) else {}
        for name in ("state", "previousState", "configuration")
    )
    resources = event.get("resources")
    return {
        "name": detail.get("alarmName"),
        "arn": resources[0] if isinstance(resources, list) and resources else None,
        "state": state.get("value"),
        "previous_state": previous.get("value"),
        "reason": state.get("reason"),
        "time": event.get("time"),
        "description": configuration.get("description"),
        "account": event.get("account"),
        "region": event.get("region"),
        "alarm": event,
    }
