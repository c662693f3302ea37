"""A client of a broker on a virtual clock, with parameters and responses in boto3's shapes."""

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

from pubsub_tasks.local.rules.broker import Broker
from pubsub_tasks.testing.clock import VirtualClock


@dataclass
class BrokerClient:
    """Calls a broker at the time of its clock: `client.sqs("SendMessage", QueueUrl=…)`."""

    broker: Broker = field(default_factory=lambda: Broker(random=Random(7)))
    clock: VirtualClock = field(default_factory=VirtualClock)

    def sqs(self, action: str, **params: Any) -> dict[str, Any]:
        return self.broker.call("sqs", action, params, self.clock())

    def sns(self, action: str, **params: Any) -> dict[str, Any]:
        return self.broker.call("sns", action, params, self.clock())

    def queue(self, name: str = "orders", **attributes: str) -> str:
        """The URL of a new queue, FIFO if its name ends in `.fifo`."""
        if name.endswith(".fifo"):
            attributes["FifoQueue"] = "true"
        url: str = self.sqs("CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    def arn(self, url: str) -> str:
        arn: str = self.attributes(url)["QueueArn"]
        return arn

    def redrive(self, letters: str, receives: int = 1) -> str:
        """A RedrivePolicy to the queue at this URL."""
        return json.dumps({"deadLetterTargetArn": self.arn(letters), "maxReceiveCount": receives})

    def attributes(self, url: str, *names: str) -> dict[str, str]:
        found: dict[str, str] = self.sqs(
            "GetQueueAttributes", QueueUrl=url, AttributeNames=names or ["All"]
        ).get("Attributes", {})
        return found

    def counts(self, url: str) -> tuple[int, int, int]:
        """Visible, in flight, delayed."""
        found = self.attributes(url)
        return (
            int(found["ApproximateNumberOfMessages"]),
            int(found["ApproximateNumberOfMessagesNotVisible"]),
            int(found["ApproximateNumberOfMessagesDelayed"]),
        )

    def send(self, url: str, body: str = "hello", **params: Any) -> dict[str, Any]:
        if url.endswith(".fifo"):
            params = {"MessageGroupId": "g", "MessageDeduplicationId": body, **params}
        return self.sqs("SendMessage", QueueUrl=url, MessageBody=body, **params)

    def receive(self, url: str, most: int = 10, **params: Any) -> list[dict[str, Any]]:
        told = {"MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"], **params}
        answer = self.sqs("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=most, **told)
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    def bodies(self, url: str, most: int = 10, **params: Any) -> list[str]:
        return [message["Body"] for message in self.receive(url, most, **params)]

    def receive_one(self, url: str, **params: Any) -> dict[str, Any]:
        """Receive exactly one message."""
        (message,) = self.receive(url, 1, **params)
        return message

    def delete(self, url: str, message: dict[str, Any]) -> None:
        self.sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def change_visibility(self, url: str, message: dict[str, Any], seconds: int) -> None:
        self.sqs(
            "ChangeMessageVisibility",
            QueueUrl=url,
            ReceiptHandle=message["ReceiptHandle"],
            VisibilityTimeout=seconds,
        )

    def topic(self, name: str = "orders", **attributes: str) -> str:
        if name.endswith(".fifo"):
            attributes["FifoTopic"] = "true"
        arn: str = self.sns("CreateTopic", Name=name, Attributes=attributes)["TopicArn"]
        return arn

    def subscribe(self, topic: str, url: str, raw: bool = True, **attributes: str) -> str:
        told = {"RawMessageDelivery": "true" if raw else "false", **attributes}
        endpoint = url if url.startswith("arn:") else self.arn(url)
        arn: str = self.sns("Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=endpoint, Attributes=told)[
            "SubscriptionArn"
        ]
        return arn

    def publish(self, topic: str, message: str = "hello", **params: Any) -> dict[str, Any]:
        return self.sns("Publish", TopicArn=topic, Message=message, **params)
