"""Publication: one message as a topic took it, and the notification that carries it. Knows no subscriber."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# Nobody can check a signature made here, so that it need not change; the queue's policy is what protects.
_SIGNATURE = base64.b64encode(b"the local broker signs nothing").decode()
_CERTIFICATE = "https://sns.{region}.amazonaws.com/SimpleNotificationService-0000000000000000000000.pem"


@dataclass(frozen=True, slots=True)
class Publication:
    """One published message.

    Attributes:
        text: the message for queues, chosen from the structure where there is one.
        size: bytes of message and attributes, as the limits count them.
        attributes: in boto3's shape; they go into no queue where `structured`.
        deduplication_id: given, or made of the content; None on a standard topic.
        sequence: the topic's sequence number; None on a standard topic.
        published_at: epoch seconds.
    """

    id: str
    topic_arn: str
    text: str
    size: int
    published_at: float
    signature_version: str = "1"
    subject: str | None = None
    attributes: Mapping[str, Any] | None = None
    structured: bool = False
    group: str | None = None
    deduplication_id: str | None = None
    sequence: str | None = None

    @property
    def carried(self) -> Mapping[str, Any]:
        """The attributes that are delivered: none for MessageStructure=json (message attributes guide)."""
        return {} if self.structured or not self.attributes else self.attributes

    def notification(self, subscription_arn: str, endpoint: str) -> str:
        """The JSON that a subscriber gets who has not asked for raw delivery.

        FIFO topics number their notifications and do not sign them.
        """
        told: dict[str, Any] = {"Type": "Notification", "MessageId": self.id}
        if self.sequence is not None:
            told["SequenceNumber"] = self.sequence
        told["TopicArn"] = self.topic_arn
        if self.subject is not None:
            told["Subject"] = self.subject
        told["Message"] = self.text
        told["Timestamp"] = timestamp(self.published_at)
        if self.sequence is None:
            region = self.topic_arn.split(":")[3]
            told["SignatureVersion"] = self.signature_version
            told["Signature"] = _SIGNATURE
            told["SigningCertURL"] = _CERTIFICATE.format(region=region)
        told["UnsubscribeURL"] = f"{endpoint}/?Action=Unsubscribe&SubscriptionArn={subscription_arn}"
        if self.carried:
            told["MessageAttributes"] = {name: _plain(value) for name, value in self.carried.items()}
        return json.dumps(told)


def timestamp(moment: float) -> str:
    """Epoch seconds as SNS writes a time: ISO 8601, milliseconds, UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(attribute: Mapping[str, Any]) -> dict[str, str]:
    kind: str = attribute["DataType"]
    if kind.startswith("Binary"):
        return {"Type": kind, "Value": base64.b64encode(attribute["BinaryValue"]).decode()}
    return {"Type": kind, "Value": attribute["StringValue"]}
