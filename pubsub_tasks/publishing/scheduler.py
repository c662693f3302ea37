"""Delays: messages that EventBridge Scheduler sends later, by universal targets, so that attributes survive.

One schedule a message, named after its id and deleted once it was sent. Knows Scheduler's calls.
Source: EventBridge Scheduler user guide, "Using universal targets", and API reference, CreateSchedule.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ..errors import MessageTooLarge, PublishFailed
from ..wire.records import Attribute, EntryFailure, Sent
from .prepared_message import PreparedMessage, ScheduledDestination
from .routes import when

MAX_INPUT = 262_144
"""Bytes of a schedule's input. Source: EventBridge Scheduler quotas."""


@dataclass(frozen=True, slots=True)
class Schedules:
    """A `Scheduler` of AWS.

    Attributes:
        client: gives boto3's client of `scheduler`.
        role_arn: the role that it assumes, which may send to the queues and publish to the topics.
        group: name of the schedule group.
        dead_letter_arn: a standard queue for what it could not send; without it, that is lost after a day.
    """

    client: Callable[[], Any]
    role_arn: str
    group: str = "default"
    dead_letter_arn: str | None = None

    def schedule(self, prepared: PreparedMessage, due: ScheduledDestination) -> Sent | EntryFailure:
        """See `Scheduler`."""
        action, given = _input(prepared, due.target)
        if len(given.encode()) > MAX_INPUT:
            raise MessageTooLarge(prepared.media_type, len(given.encode()), MAX_INPUT)
        target = {"Arn": f"arn:aws:scheduler:::aws-sdk:{action}", "RoleArn": self.role_arn, "Input": given}
        if self.dead_letter_arn:
            target["DeadLetterConfig"] = {"Arn": self.dead_letter_arn}  # type: ignore[assignment]
        try:
            answer = self.client().create_schedule(
                Name=prepared.message_id,
                GroupName=self.group,
                ClientToken=prepared.message_id,
                ScheduleExpression=f"at({when(due.at)})",
                ScheduleExpressionTimezone="UTC",
                FlexibleTimeWindow={"Mode": "OFF"},
                ActionAfterCompletion="DELETE",
                Target=target,
            )
        except (BotoCoreError, ClientError) as error:
            code = getattr(error, "response", {}).get("Error", {}).get("Code") or type(error).__name__
            if code == "ConflictException":  # an answer was lost: it is there already
                return Sent(prepared.message_id)
            raise PublishFailed(f"{due} could not be scheduled: {error}", code=code) from error
        return Sent(answer["ScheduleArn"])


def _input(prepared: PreparedMessage, target: str) -> tuple[str, str]:
    """The API's action, and its parameters as JSON."""
    outgoing = prepared.outgoing
    to_topic = target.startswith("arn:")
    params: dict[str, Any] = (
        {"TopicArn": target, "Message": outgoing.body}
        if to_topic
        else {"QueueUrl": target, "MessageBody": outgoing.body}
    )
    if outgoing.attributes:
        params["MessageAttributes"] = _attributes(outgoing.attributes)
    if outgoing.group_id is not None:
        params["MessageGroupId"] = outgoing.group_id
    if outgoing.deduplication_id is not None:
        params["MessageDeduplicationId"] = outgoing.deduplication_id
    return "sns:publish" if to_topic else "sqs:sendMessage", json.dumps(params, ensure_ascii=False)


def _attributes(attributes: Mapping[str, Attribute]) -> dict[str, dict[str, str]]:
    return {
        name: {"DataType": attribute.type, "BinaryValue": b64encode(attribute.value).decode()}
        if isinstance(attribute.value, bytes)
        else {"DataType": attribute.type, "StringValue": attribute.value}
        for name, attribute in attributes.items()
    }
