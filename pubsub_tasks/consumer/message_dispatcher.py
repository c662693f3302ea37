"""One by one: a batch received and handled in the calling thread, for tests and for programs with a loop.

The verdicts are those of a worker, since the same dispatch decides; only the speed is not.
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
    """Handles what a consumer receives with the tasks of a dispatcher; `others` are those of its others."""

    def __init__(
        self, consumer: Consumer, dispatcher: Dispatcher, others: Mapping[Consumer, Dispatcher] | None = None
    ) -> None:
        install_record_factory()
        self.consumer = consumer
        self._dispatchers = {consumer: dispatcher, **(others or {})}

    def handle_batch(self) -> list[Verdict]:
        """Receive once from each queue, handle and settle each message; what was decided for each.

        A message that cannot be settled, as when its lease was lost, is logged and comes back by itself; the
        others are handled all the same, but for those behind it in a FIFO group, which are given back.
        Raises ReceiveFailed.
        """
        return [self._handled(message) for message in self.consumer.consume()]

    def handle_message(self, message: ConsumedMessage) -> Verdict:
        """Handle and settle one message; what became of it. Raises LeaseLost, SettleFailed."""
        verdict = self._verdict(message)
        message.settle(verdict)
        return verdict

    def _handled(self, message: ConsumedMessage) -> Verdict:
        verdict = Release() if message.barred else self._verdict(message)
        try:
            message.settle(verdict)
        except PubSubTasksError as error:
            logger.warning(
                "message %s was handled and not settled, so it comes back when its visibility ends: %s",
                message.message_id,
                error_text(error),
            )
        return verdict

    def _verdict(self, message: ConsumedMessage) -> Verdict:
        dispatcher = self._dispatchers.get(message.consumer, self._dispatchers[self.consumer])
        return decide(dispatcher, message.delivery, self.consumer.clock)[1]


def decide(
    dispatcher: Dispatcher, delivery: Delivery, clock: Callable[[], float]
) -> tuple[str | None, Verdict]:
    """Handle a delivery here and now; the name of the task that ran, if one did, and the verdict.

    It runs in a copy of the caller's context: a context variable or a Decimal precision that the handler sets
    reaches neither the next message nor the caller.
    """
    return copy_context().run(_decide, dispatcher, delivery, clock)


def _decide(
    dispatcher: Dispatcher, delivery: Delivery, clock: Callable[[], float]
) -> tuple[str | None, Verdict]:
    setcontext(getcontext().copy())  # a copied context refers to the same mutable Decimal context
    call = dispatcher.prepare(dispatcher.open(delivery), clock())
    if not isinstance(call, HandlerCall):
        return None, call
    if not call.task.is_async:
        return call.task.name, dispatcher.run(call, clock)
    try:
        return call.task.name, asyncio.run(dispatcher.arun(call, clock))
    except (CancelledError, GeneratorExit) as error:  # the handler's own: of Ctrl-C comes KeyboardInterrupt
        return call.task.name, dispatcher.judge(call, None, error, clock())
