"""The memory transport: the local broker in the current process, with long polls."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from threading import Condition
from typing import Any

from ..errors import TransportError
from ..lifecycle.interruption import Interruption, interruption_of_call
from ..local.rules.broker import Broker
from ..local.rules.service_errors import ServiceError
from ..wire.records import Record
from .boto_shapes import parse_message
from .protocols import Features
from .sns import SnsPublisher
from .sqs import SqsQueue, find_queue_url


class MemoryTransport:
    """Topics and queues in memory, for the lifetime of this object.

    `clock` returns epoch seconds. With the real clock, a receive waits like a long poll of SQS. With any
    other clock it returns at once, because time does not pass while it waits.
    """

    def __init__(self, broker: Broker | None = None, clock: Callable[[], float] = time.time) -> None:
        self.broker = broker or Broker()
        self.clock = clock
        self._latest = 0.0
        self._changed = Condition()
        self.broker.on_arrival = self._arrived

    @property
    def features(self) -> Features:
        return Features()

    def publisher(self) -> SnsPublisher:
        return SnsPublisher(partial(self._call_api, "sns"))

    def queue(self, url: str) -> SqsQueue:
        return SqsQueue(url, partial(self._call_api, "sqs"))

    def queue_url(self, arn: str) -> str:
        return find_queue_url(partial(self._call_api, "sqs"), arn)

    def client(self, service: str) -> "MemoryClient":
        """A client of `sns` or `sqs` with the methods of boto3's, to create topics and queues."""
        return MemoryClient(partial(self.call, service))

    def messages(self, url: str) -> list[Record]:
        """All messages of a queue, in any state. Nothing is received."""
        with self._changed:
            return [parse_message(message) for message in self.broker.messages(url, self._now())]

    def wake_at(self, url: str) -> float | None:
        """When a message of the queue that is delayed or in flight may become receivable, or None."""
        with self._changed:
            return self.broker.wake_at(url, self._now())

    def call(self, service: str, action: str, params: dict[str, Any]) -> dict[str, Any]:
        """Carry out one action, with parameters and response in boto3's shapes. Raises ServiceError."""
        if action == "ReceiveMessage" and self.clock is time.time:
            return self._receive(params)
        with self._changed:
            return self.broker.call(service, action, params, self._now())

    def _call_api(
        self, service: str, action: str, params: dict[str, Any], failure: type[TransportError]
    ) -> dict[str, Any]:
        try:
            return self.call(service, action, params)
        except ServiceError as error:
            code = error.query_code if service == "sqs" else error.code
            raise failure(f"{action} failed: {error}", code=code) from error

    def _receive(self, params: dict[str, Any]) -> dict[str, Any]:
        interruption = interruption_of_call()
        # Before the lock of this object, which the interrupting thread takes while it has the interruption's.
        with interruption.waiting(self._wake) if interruption else nullcontext(), self._changed:
            return self._wait_for_messages(params, interruption)

    def _wait_for_messages(self, params: dict[str, Any], interruption: Interruption | None) -> dict[str, Any]:
        deadline = self._now() + self.broker.wait(params)
        while True:
            now = self._now()
            answer = self.broker.call("sqs", "ReceiveMessage", params, now)
            if answer.get("Messages") or now >= deadline:
                return answer
            if interruption:
                interruption.check()
            wake = self.broker.wake_at(params["QueueUrl"], now)
            self._changed.wait(min(deadline, deadline if wake is None else wake) - now)

    def _now(self) -> float:
        """The current time; it never decreases, even if the system clock is set back."""
        self._latest = max(self._latest, self.clock())
        return self._latest

    def _arrived(self, queue_name: str) -> None:
        self._wake()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


class MemoryClient:
    """Has the methods of a boto3 client: `client.create_queue(QueueName="orders")`. Raises ServiceError."""

    def __init__(self, call: Callable[[str, dict[str, Any]], dict[str, Any]]) -> None:
        self._call = call

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        action = "".join(part.capitalize() for part in method.split("_"))
        return lambda **params: self._call(action, params)
