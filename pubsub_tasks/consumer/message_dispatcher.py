"""MessageDispatcher: handles one batch in the calling thread, for tests and programs with their own loop.

It reaches the same verdicts as a worker, through the same dispatch.
"""

import asyncio
from asyncio import CancelledError
from collections.abc import Callable, Mapping
from contextvars import copy_context
from decimal import getcontext, setcontext

from ..dispatching.dispatcher import Dispatcher, HandlerCall
from ..errors import PubSubTasksError
from ..messages.current_message import install_record_factory
from ..messages.delivery import Delivery
from ..untrusted.exceptions import SafeLogger, error_text
from ..verdicts import Release, Verdict
from .consumer import ConsumedMessage, Consumer

logger = SafeLogger(__name__)


class MessageDispatcher:
    """Handles the messages of a consumer; `others` are the dispatchers of the consumer's `others`."""

    def __init__(
        self, consumer: Consumer, dispatcher: Dispatcher, others: Mapping[Consumer, Dispatcher] | None = None
    ) -> None:
        install_record_factory()
        self.consumer = consumer
        self._dispatchers = {consumer: dispatcher, **(others or {})}

    def handle_batch(self) -> list[Verdict]:
        """Receive once from each queue, handle and settle each message; returns the verdicts.

        If a message cannot be settled, such as when its lease is lost, this is logged and the message becomes
        visible again. The other messages are handled, except those behind it in a FIFO group, which are given
        back. Raises ReceiveFailed.
        """
        return [self._handled(message) for message in self.consumer.consume()]

    def handle_message(self, message: ConsumedMessage) -> Verdict:
        """Handle and settle one message; returns its verdict. Raises LeaseLost or SettleFailed."""
        verdict = self._verdict(message)
        message.settle(verdict)
        return verdict

    def _handled(self, message: ConsumedMessage) -> Verdict:
        verdict = Release() if message.barred else self._verdict(message)
        try:
            message.settle(verdict)
        except PubSubTasksError as error:
            logger.warning(
                "message %s was handled but not settled, and becomes visible again: %s",
                message.message_id,
                error_text(error),
            )
        return verdict

    def _verdict(self, message: ConsumedMessage) -> Verdict:
        dispatcher = self._dispatchers.get(message.consumer, self._dispatchers[self.consumer])
        return handle_delivery(dispatcher, message.delivery, self.consumer.clock)[1]


def handle_delivery(
    dispatcher: Dispatcher, delivery: Delivery, clock: Callable[[], float]
) -> tuple[str | None, Verdict]:
    """Handle a delivery in the calling thread; returns (name of the task that ran or None, verdict).

    It runs in a copy of the caller's context, so that a context variable or a Decimal precision set by the
    handler affects neither the next message nor the caller.
    """
    return copy_context().run(_handle_delivery, dispatcher, delivery, clock)


def _handle_delivery(
    dispatcher: Dispatcher, delivery: Delivery, clock: Callable[[], float]
) -> tuple[str | None, Verdict]:
    setcontext(getcontext().copy())  # a copied context refers to the same mutable Decimal context
    call = dispatcher.prepare(dispatcher.read_body(delivery), clock())
    if not isinstance(call, HandlerCall):
        return None, call
    if not call.task.is_async:
        return call.task.name, dispatcher.run(call, clock)
    try:
        return call.task.name, asyncio.run(dispatcher.arun(call, clock))
    except (CancelledError, GeneratorExit) as error:  # raised by the handler: Ctrl-C raises KeyboardInterrupt
        return call.task.name, dispatcher.decide(call, None, error, clock())
