"""One by one: a batch received and handled in the calling thread, for tests and for programs with a loop.

The verdicts are those of a worker, since the same dispatch decides; only the speed is not.
"""

import asyncio

from ..verdicts import Verdict
from .consumer import ConsumedMessage, Consumer
from .dispatch import Call, Dispatcher


class MessageDispatcher:
    """Handles what a consumer receives with the tasks of a dispatcher."""

    def __init__(self, consumer: Consumer, dispatcher: Dispatcher) -> None:
        self.consumer = consumer
        self._dispatcher = dispatcher

    def handle_batch(self) -> list[Verdict]:
        """Receive once, handle and settle each message; what became of each. Raises TransportError."""
        return [self.handle_message(message) for message in self.consumer.consume()]

    def handle_message(self, message: ConsumedMessage) -> Verdict:
        """Handle and settle one message; what became of it. Raises LeaseLost, SettleFailed."""
        verdict = self._verdict(message)
        message.settle(verdict)
        return verdict

    def _verdict(self, message: ConsumedMessage) -> Verdict:
        clock = self.consumer.clock
        call = self._dispatcher.prepare(self._dispatcher.open(message.delivery), clock())
        if not isinstance(call, Call):
            return call
        if call.task.is_async:
            return asyncio.run(self._dispatcher.arun(call, clock))
        return self._dispatcher.run(call, clock)
