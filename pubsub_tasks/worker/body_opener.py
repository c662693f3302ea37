"""Opens large bodies where handlers run, within one budget of memory for a worker."""

import asyncio
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition

from ..dispatching.dispatcher import Dispatcher
from ..messages.delivery import Delivery
from ..wire.compression import BodyLimit

BODY_BUDGET = 268_435_456
"""Bytes of decompressed and fetched bodies that the handlers of one worker have at once."""

OPENING_THREADS = 8
"""Threads that open bodies for coroutines, and may wait for the budget meanwhile."""


class OpenerClosed(Exception):
    """The worker is stopping, and there is no room for the body now."""


class BodyOpener:
    """Opens bodies, and waits while those that are in use leave too little of the budget.

    A body reserves the most that it may have, and only its own size once it is open. One that may be larger
    than the budget reserves all of it, so it waits for all others but never for ever. Bodies are opened in
    the order in which they came, so no large one is overtaken by small ones. Safe to share between threads.
    """

    def __init__(self, dispatcher: Dispatcher, budget: int = BODY_BUDGET) -> None:
        self._dispatcher = dispatcher
        self._budget = self._left = budget
        self._waiting: deque[object] = deque()
        self._changed = Condition()
        self._closed = False
        # Not the loop's default executor: threads that wait for the budget would fill it, and the handlers
        # that are to give the budget back may need it.
        self._executor = ThreadPoolExecutor(OPENING_THREADS, "pubsub-body")

    @property
    def in_use(self) -> int:
        """Bytes that are reserved."""
        return self._budget - self._left

    def open(self, delivery: Delivery) -> tuple[Delivery, int]:
        """The opened delivery, and the bytes to `release` once it was handled.

        Raises OpenerClosed instead of waiting once the opener is closed.
        """
        limit = BodyLimit(self._dispatcher.body_limit(delivery))
        if not limit.most:
            return delivery, 0
        reserved = self._reserve(min(limit.most, self._budget))
        used = 0
        try:
            opened = self._dispatcher.open(delivery, limit)
            used = min(limit.used, reserved)
        finally:
            self.release(reserved - used)
        return opened, used

    async def open_async(self, delivery: Delivery) -> tuple[Delivery, int]:
        """The same for a coroutine, in a thread of the opener's own."""
        future = self._executor.submit(self.open, delivery)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            future.add_done_callback(self._release_unwanted)
            raise

    def release(self, size: int) -> None:
        """Give bytes of the budget back."""
        with self._changed:
            self._left += size
            self._changed.notify_all()

    def close(self) -> None:
        """Let nothing wait any more. A body for which there is room is still opened."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Close, and start nothing more for coroutines."""
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
