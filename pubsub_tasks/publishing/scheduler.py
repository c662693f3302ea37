"""Has EventBridge Scheduler send messages later, with universal targets so that message attributes survive.

Each message has a schedule of its own, named after its id and deleted once the message is sent.
Source: EventBridge Scheduler user guide, "Using universal targets", and API reference, CreateSchedule.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ..errors import MessageTooLarge, PublishFailed
from ..transports.boto_shapes import publish_parameters, send_parameters
from ..wire.records import EntryFailure, Outgoing, Sent
from .prepared_message import PreparedMessage, ScheduledDestination
from .routes import when

MAX_INPUT = 262_144
"""Bytes of a schedule's input. Source: EventBridge Scheduler quotas."""


@dataclass(frozen=True, slots=True)
class Schedules:
    """The `Scheduler` that is EventBridge Scheduler.

    Attributes:
        client: returns boto3's client of `scheduler`.
        role_arn: the role that it assumes, which must allow sending to the queues and the topics.
        group: name of the schedule group.
        dead_letter_arn: a standard queue for messages that it could not send. Without one they are lost after
            Scheduler's retries, which last a day.
    """

    client: Callable[[], Any]
    role_arn: str
    group: str = "default"
    dead_letter_arn: str | None = None

    def schedule(self, prepared: PreparedMessage, due: ScheduledDestination) -> Sent | EntryFailure:
        """See `Scheduler`."""
        action, given = _target_input(prepared.outgoing, due.target)
        size = len(given.encode())
        if size > MAX_INPUT:
            raise MessageTooLarge(prepared.media_type, size, MAX_INPUT)
        partition = self.role_arn.partition(":iam:")[0]  # such as `arn:aws-us-gov`
        target = {
            "Arn": f"{partition}:scheduler:::aws-sdk:{action}",
            "RoleArn": self.role_arn,
            "Input": given,
        }
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
            if code == "ConflictException":  # created by an earlier try whose answer was lost
                return Sent(prepared.message_id)
            raise PublishFailed(f"{due} could not be scheduled: {error}", code=code) from error
        return Sent(answer["ScheduleArn"])


def _target_input(message: Outgoing, target: str) -> tuple[str, str]:
    """The API action that sends the message to a topic (ARN) or queue (URL), and its parameters as JSON."""
    if target.startswith("arn:"):
        action, parameters = "sns:publish", {"TopicArn": target, **publish_parameters(message)}
    else:
        action, parameters = "sqs:sendMessage", {"QueueUrl": target, **send_parameters(message)}
    return action, json.dumps(parameters, ensure_ascii=False, default=_base64)


def _base64(value: bytes) -> str:
    """Binary attributes, the only values that are not JSON, as AWS's JSON protocols write them."""
    return b64encode(value).decode()
