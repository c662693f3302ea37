"""Events as Lambda passes them to a function, and the part of Lambda that polls a queue."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pubsub_tasks.transports.protocols import Queue
from pubsub_tasks.wire.records import Attribute, Record

ARN = "arn:aws:sqs:eu-west-1:123456789012:orders"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"

Handler = Callable[[Any, Any], dict[str, Any]]


def sqs_event(records: Sequence[Record], arn: str = ARN) -> dict[str, Any]:
    """An event of an event source mapping. Source: Lambda developer guide, "Using Lambda with Amazon SQS"."""
    return {"Records": [sqs_record(record, arn) for record in records]}


def sqs_record(record: Record, arn: str = ARN) -> dict[str, Any]:
    system = {
        "ApproximateReceiveCount": str(record.receive_count),
        "SentTimestamp": str(int(record.sent_at * 1000)),
        "SenderId": "AIDAIENQZJOLO23YVJ4VO",
        "ApproximateFirstReceiveTimestamp": str(int(record.first_received_at * 1000)),
        "SequenceNumber": record.sequence_number,
        "MessageGroupId": record.group_id,
        "MessageDeduplicationId": record.deduplication_id,
        "AWSTraceHeader": record.trace_header,
    }
    return {
        "messageId": record.message_id,
        "receiptHandle": record.receipt_handle,
        "body": record.body,
        "attributes": {name: value for name, value in system.items() if value is not None},
        "messageAttributes": {name: _attribute(each) for name, each in record.attributes.items()},
        "md5OfBody": "7b270e59b47ff90a553787216d55d91d",
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": "eu-west-1",
    }


def _attribute(attribute: Attribute) -> dict[str, Any]:
    value = attribute.value
    shown = {"stringValue": value} if isinstance(value, str) else {"binaryValue": b64encode(value).decode()}
    return {**shown, "stringListValues": [], "binaryListValues": [], "dataType": attribute.type}


def sns_event(message: str, attributes: dict[str, Any] | None = None, topic: str = TOPIC) -> dict[str, Any]:
    """An event of a topic's subscription. Source: Lambda developer guide, "Invoking Lambda functions with
    Amazon SNS notifications"."""
    return {
        "Records": [
            {
                "EventVersion": "1.0",
                "EventSubscriptionArn": f"{topic}:21be56ed-a058-49f5-8c98-aedd2564c486",
                "EventSource": "aws:sns",
                "Sns": {
                    "SignatureVersion": "1",
                    "Timestamp": "2026-11-02T12:45:07.000Z",
                    "Signature": "tcc6faL2yUC6dgZdmrwh1Y4cGa/ebXEkAi6RibDsvpi+tE/1+82j==",
                    "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService.pem",
                    "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
                    "Message": message,
                    "MessageAttributes": attributes or {},
                    "Type": "Notification",
                    "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
                    "TopicArn": topic,
                    "Subject": "an order",
                },
            }
        ]
    }


@dataclass
class Clock:
    """Lambda's context: the milliseconds that are left of an invocation."""

    milliseconds: float = 60_000.0

    def get_remaining_time_in_millis(self) -> float:
        return self.milliseconds


@dataclass
class EventSourceMapping:
    """Invokes a handler with what it receives from a queue, and deletes what is not reported as failed."""

    queue: Queue
    handler: Handler
    arn: str = ARN

    def poll(self, context: Any = None) -> list[str]:
        """One invocation. Returns the bodies of the messages that the function reports as failed."""
        records = self.queue.receive(10, 0, None)
        answer = self.handler(sqs_event(records, self.arn), context)
        reported = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        assert set(reported) <= {record.message_id for record in records}  # else Lambda fails the whole batch
        done = [record.receipt_handle for record in records if record.message_id not in reported]
        if done:
            self.queue.delete(done)
        by_id = {record.message_id: record.body for record in records}
        return [by_id[message_id] for message_id in reported]
