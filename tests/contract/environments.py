"""The environments in which the contract tests run, and the features that they lack."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from json import dumps
from math import ceil
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from pubsub_tasks.local.rules.service_errors import ServiceError
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.transports.protocols import Features, Publisher, Queue, Transport
from pubsub_tasks.wire.records import MoveTaskStatus, Outgoing, Record

MOTO = Features(
    fifo_order=False,
    stale_handles=False,
    visibility_cap=False,
    limits=False,
    binary_attributes=False,
    filters=False,
    move_tasks=False,
    deduplication=False,
)
"""moto 5.2.5, as observed. AWS's API references of SQS and SNS apply to the other environments."""


@dataclass(frozen=True)
class Environment:
    """A transport, clients to create queues and topics, and a virtual clock; None means real time."""

    transport: Transport
    sns: Any
    sqs: Any
    features: Features
    clock: VirtualClock | None = None

    def queue(self, *, fifo: bool = False, **attributes: Any) -> Queue:
        """A new queue; RedrivePolicy may be given as a dict."""
        values = {
            name: value if isinstance(value, str) else dumps(value) for name, value in attributes.items()
        }
        if fifo:
            values["FifoQueue"] = "true"
        name = _new_name(fifo)
        return self.transport.queue(self.sqs.create_queue(QueueName=name, Attributes=values)["QueueUrl"])

    def topic(self, *, fifo: bool = False, **attributes: str) -> str:
        """ARN of a new topic."""
        values = attributes | ({"FifoTopic": "true"} if fifo else {})
        arn: str = self.sns.create_topic(Name=_new_name(fifo), Attributes=values)["TopicArn"]
        return arn

    def subscribe(self, topic_arn: str, queue: Queue, *, raw: bool = True, **attributes: str) -> None:
        self.sns.subscribe(
            TopicArn=topic_arn,
            Protocol="sqs",
            Endpoint=queue.attributes().arn,
            Attributes={"RawMessageDelivery": "true" if raw else "false", **attributes},
        )

    def publisher(self) -> Publisher:
        return self.transport.publisher()

    def lacks(self, feature: str, deviation: str) -> None:
        """Skip a test of a feature in which this environment differs from AWS."""
        if not getattr(self.features, feature):
            pytest.skip(f"moto: {feature}: {deviation}")

    def refusal(self, call: Callable[..., Any], **params: Any) -> str:
        """The error code, without its namespace, of a refused call of `sns` or `sqs`."""
        with pytest.raises((ClientError, ServiceError)) as caught:
            call(**params)
        error = caught.value
        code = error.query_code if isinstance(error, ServiceError) else error.response["Error"]["Code"]
        return str(code).rpartition(".")[2]

    def ended_move(self, letters: Queue) -> MoveTaskStatus:
        """The latest move task of this queue, once it has ended. Advances a virtual clock."""
        for _ in range(10_000):
            if self.clock is not None:
                self.clock.advance(1)
            move = letters.last_move()
            if move is not None and move.status != "RUNNING":
                return move
        raise AssertionError(f"still running: {move}")

    def receive_after(self, queue: Queue, seconds: float, *, visibility: int | None = None) -> list[Record]:
        """Receive after `seconds` have passed; in real time, by a long poll."""
        if self.clock is not None:
            self.clock.advance(seconds)
            return queue.receive(10, 0, visibility)
        return queue.receive(10, ceil(seconds) + 4, visibility)


def receive(queue: Queue, limit: int = 10, visibility: int | None = None) -> list[Record]:
    """Receive without waiting."""
    return queue.receive(limit, 0, visibility)


def send(queue: Queue, *bodies: str, **fields: Any) -> list[str]:
    """Send each body and return the message ids."""
    return [answer.message_id for answer in queue.send([Outgoing(body, **fields) for body in bodies])]  # type: ignore[union-attr]


def bodies(records: list[Record]) -> list[str]:
    return [record.body for record in records]


def by_body(records: list[Record]) -> Mapping[str, Record]:
    return {record.body: record for record in records}


def _new_name(fifo: bool) -> str:
    return f"contract-{uuid4().hex}" + (".fifo" if fifo else "")
