"""Defers what a block publishes to its end, and discards it if the block raises.

Blocks nest: an inner block passes its messages to the outer one. The block is held in a context variable, so
other threads and coroutines that started before it publish at once. Coroutines that start within it and
`asyncio.to_thread` belong to it; if they outlive it, they publish at once as well.
"""

from collections.abc import Iterable
from contextvars import ContextVar, Token
from threading import Lock
from types import TracebackType
from typing import Protocol, Self

from .prepared_message import PreparedMessage
from .publish_results import PublishResults


class SupportsSend(Protocol):
    """SupportsSend the messages that were collected: a Sender."""

    def send_all(self, messages: Iterable[PreparedMessage], results: PublishResults) -> None: ...

    async def asend_all(self, messages: Iterable[PreparedMessage], results: PublishResults) -> None: ...


class Sink(Protocol):
    """Collects messages that are published, instead of their being sent at once."""

    def put(self, prepared: PreparedMessage, sender: SupportsSend) -> bool:
        """Take the message. Returns False if the sink is closed, and the message must be sent at once."""
        ...


sink: ContextVar[Sink | None] = ContextVar("pubsub_tasks_sink", default=None)
"""Collects what this thread or coroutine publishes; None to send at once."""


class deferred:  # noqa: N801 - reads as a statement does: `with deferred():`
    """`with deferred():`, or in a coroutine `async with deferred():`, which does not block the loop.

    Each publish validates its content and returns a message id. The end of the block sends in batches and
    raises PublishFailed if some messages fail; its indexes count all messages published in the block.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._collected: list[tuple[PreparedMessage, SupportsSend]] | None = None
        self._token: Token[Sink | None] | None = None

    def __enter__(self) -> Self:
        self._collected = []
        self._token = sink.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        collected = self._leave(kind)
        results = PublishResults()
        with results.completed_by_errors(lambda: len(collected)):
            for sender, messages in _by_sender(collected):
                sender.send_all(messages, results)
        results.raise_for_failures()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        collected = self._leave(kind)
        results = PublishResults()
        with results.completed_by_errors(lambda: len(collected)):
            for sender, messages in _by_sender(collected):
                await sender.asend_all(messages, results)
        results.raise_for_failures()

    def put(self, prepared: PreparedMessage, sender: SupportsSend) -> bool:
        """See `Sink`."""
        with self._lock:
            if self._collected is None:
                return False
            self._collected.append((prepared, sender))
            return True

    def _leave(self, kind: type[BaseException] | None) -> list[tuple[PreparedMessage, SupportsSend]]:
        """End the block. Returns the messages to send now; an outer block takes them if there is one."""
        assert self._token is not None
        sink.reset(self._token)
        with self._lock:
            collected, self._collected = self._collected or [], None
        outer = sink.get()
        if kind is not None:
            return []
        return [
            (prepared, sender)
            for prepared, sender in collected
            if not (outer and outer.put(prepared, sender))
        ]


def _by_sender(
    collected: list[tuple[PreparedMessage, SupportsSend]],
) -> list[tuple[SupportsSend, list[PreparedMessage]]]:
    """The messages of each sender; the index of a message is its place in the block."""
    found: dict[int, tuple[SupportsSend, list[PreparedMessage]]] = {}
    for index, (prepared, sender) in enumerate(collected):
        found.setdefault(id(sender), (sender, []))[1].append(prepared.at(index))
    return list(found.values())
