"""Opens bodies, which decompresses or fetches large ones, within a memory budget for the whole worker."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition

from ..dispatching.dispatcher import Dispatcher
from ..messages.delivery import Delivery
from ..wire.compression import BodyLimit

BODY_BUDGET = 268_435_456
"""Bytes of opened bodies that one worker may have in memory at a time."""

OPENING_THREADS = 8
"""Threads that open bodies for coroutine slots; they block while the budget is used up."""


class OpenerClosed(Exception):
    """Raised while the worker stops, for a body that does not fit into the budget at once."""


class BodyOpener:
    """Opens bodies within a budget, and blocks while the budget is used up. Safe to share between threads.

    Until it is open, a body reserves the largest size that it may have, then its real size. A body that may
    be larger than the budget reserves all of it, and so waits until no other body is open. Bodies are opened
    in order of arrival, so that a large one does not wait for ever while small ones overtake it.
    """

    def __init__(self, dispatcher: Dispatcher, budget: int = BODY_BUDGET) -> None:
        self._dispatcher = dispatcher
        self._budget = self._left = budget
        self._waiting: deque[object] = deque()
        self._changed = Condition()
        self._closed = False
        # Not the default executor of the event loop: threads that wait for the budget would fill it, while
        # the handlers that release budget may need it.
        self._executor = ThreadPoolExecutor(OPENING_THREADS, "pubsub-body")

    @property
    def in_use(self) -> int:
        """Bytes reserved at present."""
        return self._budget - self._left

    def open(self, delivery: Delivery) -> tuple[Delivery, int]:
        """Return the opened delivery, and the bytes to `release` after it was handled.

        Raises OpenerClosed instead of waiting if the opener is closed.
        """
        limit = BodyLimit(self._dispatcher.max_body_size(delivery))
        if not limit.most:
            return delivery, 0
        reserved = self._reserve(min(limit.most, self._budget))
        used = 0
        try:
            opened = self._dispatcher.read_body(delivery, limit)
            used = min(limit.used, reserved)
        finally:
            self.release(reserved - used)
        return opened, used

    async def open_async(self, delivery: Delivery) -> tuple[Delivery, int]:
        """Like `open`, for a coroutine, in a thread of the opener."""
        from asyncio import CancelledError, wrap_future

        future = self._executor.submit(self.open, delivery)
        try:
            return await wrap_future(future)
        except CancelledError:
            future.add_done_callback(self._release_unwanted)
            raise

    def release(self, size: int) -> None:
        """Return bytes to the budget."""
        with self._changed:
            self._left += size
            self._changed.notify_all()

    def close(self) -> None:
        """Make waiting calls raise OpenerClosed. Bodies that fit into the budget are still opened."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Close, and cancel the calls of coroutines that have not started."""
        self.close()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _reserve(self, size: int) -> int:
        turn = object()
        with self._changed:
            self._waiting.append(turn)
            try:
                while self._waiting[0] is not turn or self._left < size:
                    if self._closed:
                        raise OpenerClosed
                    self._changed.wait()
                self._left -= size
            finally:
                self._waiting.remove(turn)
                self._changed.notify_all()
        return size

    def _release_unwanted(self, future: "Future[tuple[Delivery, int]]") -> None:
        if not future.cancelled() and future.exception() is None:
            self.release(future.result()[1])
