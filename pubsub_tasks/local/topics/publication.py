"""One published message, and the SNS notification that delivers it."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# A constant: a signature made here cannot be verified, and queue policies provide the protection.
_SIGNATURE = base64.b64encode(b"the local broker signs nothing").decode()
_CERTIFICATE = "https://sns.{region}.amazonaws.com/SimpleNotificationService-0000000000000000000000.pem"


@dataclass(frozen=True, slots=True)
class Publication:
    """One published message.

    Attributes:
        text: the message for queues, taken from the JSON structure if there is one.
        size: bytes of message and attributes, as the limits count them.
        attributes: in boto3's shape; not delivered to queues if `structured`.
        deduplication_id: given or content-based; None on a standard topic.
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
    def delivered_attributes(self) -> Mapping[str, Any]:
        """The attributes to deliver: none for MessageStructure=json (message attributes guide)."""
        return {} if self.structured or not self.attributes else self.attributes

    def notification(self, subscription_arn: str, endpoint: str) -> str:
        """The JSON that is delivered to a subscriber without raw delivery.

        FIFO topics number their notifications and do not sign them.
        """
        document: dict[str, Any] = {"Type": "Notification", "MessageId": self.id}
        if self.sequence is not None:
            document["SequenceNumber"] = self.sequence
        document["TopicArn"] = self.topic_arn
        if self.subject is not None:
            document["Subject"] = self.subject
        document["Message"] = self.text
        document["Timestamp"] = timestamp(self.published_at)
        if self.sequence is None:
            region = self.topic_arn.split(":")[3]
            document["SignatureVersion"] = self.signature_version
            document["Signature"] = _SIGNATURE
            document["SigningCertURL"] = _CERTIFICATE.format(region=region)
        document["UnsubscribeURL"] = f"{endpoint}/?Action=Unsubscribe&SubscriptionArn={subscription_arn}"
        if self.delivered_attributes:
            document["MessageAttributes"] = {
                name: _plain(value) for name, value in self.delivered_attributes.items()
            }
        return json.dumps(document)


def timestamp(moment: float) -> str:
    """Epoch seconds in the format of SNS: ISO 8601, milliseconds, UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(attribute: Mapping[str, Any]) -> dict[str, str]:
    kind: str = attribute["DataType"]
    if kind.startswith("Binary"):
        return {"Type": kind, "Value": base64.b64encode(attribute["BinaryValue"]).decode()}
    return {"Type": kind, "Value": attribute["StringValue"]}
