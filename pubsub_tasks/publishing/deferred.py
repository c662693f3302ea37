"""Deferred: what is published in a block goes at its clean end, and not at all where the block fails.

Blocks nest: an inner one hands on to the outer. The block is a context variable: another thread, or a
coroutine that was started before it, publishes at once. Coroutines started within it, and
`asyncio.to_thread`, are of it; if they outlive it, they publish at once too.
"""

from collections.abc import Iterable
from contextvars import ContextVar, Token
from threading import Lock
from types import TracebackType
from typing import Protocol, Self

from .prepared_message import PreparedMessage
from .publish_results import PublishResults


class Sends(Protocol):
    """Who sends what was gathered."""

    def send_all(self, prepared_messages: Iterable[PreparedMessage], results: PublishResults) -> None: ...

    async def asend_all(
        self, prepared_messages: Iterable[PreparedMessage], results: PublishResults
    ) -> None: ...


class Sink(Protocol):
    """Where parcels go instead of out."""

    def put(self, prepared: PreparedMessage, sender: Sends) -> bool:
        """Take it; False where it is too late for that, and it must go at once."""
        ...


sink: ContextVar[Sink | None] = ContextVar("pubsub_tasks_sink", default=None)
"""Where this thread or coroutine gathers what it publishes."""


class deferred:  # noqa: N801 - reads as a statement does: `with deferred():`
    """`with deferred():`, or in a coroutine `async with deferred():`, which does not block the loop.

    Content is checked, and ids are given, at each publish. The end sends in batches, and raises PublishFailed
    where some could not be published; indexes in it count all that was published in the block.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._gathered: list[tuple[PreparedMessage, Sends]] | None = None
        self._token: Token[Sink | None] | None = None

    def __enter__(self) -> Self:
        self._gathered = []
        self._token = sink.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        gathered = self._leave(kind)
        results = PublishResults()
        with results.completed_by_errors(lambda: len(gathered)):
            for sender, prepared_messages in _by_sender(gathered):
                sender.send_all(prepared_messages, results)
        results.raise_for_failures()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        gathered = self._leave(kind)
        results = PublishResults()
        with results.completed_by_errors(lambda: len(gathered)):
            for sender, prepared_messages in _by_sender(gathered):
                await sender.asend_all(prepared_messages, results)
        results.raise_for_failures()

    def put(self, prepared: PreparedMessage, sender: Sends) -> bool:
        """See `Sink`."""
        with self._lock:
            if self._gathered is None:
                return False
            self._gathered.append((prepared, sender))
            return True

    def _leave(self, kind: type[BaseException] | None) -> list[tuple[PreparedMessage, Sends]]:
        """End the block; what of it is to be sent now."""
        assert self._token is not None
        sink.reset(self._token)
        with self._lock:
            gathered, self._gathered = self._gathered or [], None
        outer = sink.get()
        if kind is not None:
            return []
        return [
            (prepared, sender) for prepared, sender in gathered if not (outer and outer.put(prepared, sender))
        ]


def _by_sender(gathered: list[tuple[PreparedMessage, Sends]]) -> list[tuple[Sends, list[PreparedMessage]]]:
    """What each sender is to send; the index of a parcel is its place in the block."""
    found: dict[int, tuple[Sends, list[PreparedMessage]]] = {}
    for index, (prepared, sender) in enumerate(gathered):
        found.setdefault(id(sender), (sender, []))[1].append(prepared.at(index))
    return list(found.values())
