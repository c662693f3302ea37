"""Logs handlers that block the event loop, with the line that they execute.

A blocked event loop cannot be interrupted, so a handler is only reported.
"""

import asyncio
import os
import sys
import traceback
from threading import Event

from ...dispatching import dispatcher
from ...untrusted.exceptions import SafeLogger
from .coroutine_slots import CoroutineSlots

logger = SafeLogger(__name__)

LIMIT = 1.0
"""Seconds within which an event loop must respond."""

_PACKAGE = os.path.dirname(os.path.dirname(dispatcher.__file__)) + os.sep


class EventLoopMonitor:
    """Monitors the event loop of coroutine slots while any handler runs in it."""

    def __init__(self, slots: CoroutineSlots, limit: float = LIMIT) -> None:
        self._slots = slots
        self._limit = limit
        self._stopped = Event()

    def watch(self) -> None:
        """Monitor the event loop until stopped. The body of a thread."""
        while not self._stopped.is_set():
            self._slots.active.wait()
            responded = Event()
            if self._stopped.is_set() or not self._slots.call(responded.set):
                return
            if not responded.wait(self._limit):
                self._log_blocking_handler()
                responded.wait()
            self._stopped.wait(self._limit / 2)

    def stop(self) -> None:
        """End `watch`."""
        self._stopped.set()
        self._slots.active.set()

    def _log_blocking_handler(self) -> None:
        task = asyncio.current_task(self._slots.loop)
        message = self._slots.running.get(task) if task is not None else None
        if message is None:
            return
        logger.warning(
            "%s has blocked the event loop for %g s, at %s: await there, move it to asyncio.to_thread, or "
            "declare the task with def",
            message.task or "a message without a task",
            self._limit,
            self._current_line(),
        )

    def _current_line(self) -> str:
        """Return the line that the handler executes, such as "shop/tasks.py:42"."""
        frame = sys._current_frames().get(self._slots.thread.ident or 0)
        if frame is None:
            return "its end"
        stack = [(file.f_code.co_filename, line) for file, line in traceback.walk_stack(frame)][::-1]
        lines = stack[-1:]
        for number, (file, _) in enumerate(stack):
            if file == dispatcher.__file__:
                lines = [each for each in stack[number:] if not each[0].startswith(_PACKAGE)] or stack[-1:]
        return "{}:{}".format(*lines[0])
