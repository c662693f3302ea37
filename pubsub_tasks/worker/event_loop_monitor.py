"""Reports a handler that blocks the event loop, with the line at which it stands.

It only watches, and says so once for each time; it refuses to interrupt, since a loop cannot be.
"""

import asyncio
import os
import sys
import traceback
from threading import Event

from ..dispatching import dispatcher
from ..untrusted.exceptions import SafeLogger
from .slots import CoroutineSlots

logger = SafeLogger(__name__)

LIMIT = 1.0
"""Seconds that a loop may take to turn."""

_PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep


class EventLoopMonitor:
    """Watches the loop of some slots while anything runs in it."""

    def __init__(self, slots: CoroutineSlots, limit: float = LIMIT) -> None:
        self._slots = slots
        self._limit = limit
        self._stopped = Event()

    def watch(self) -> None:
        """Until stopped: the body of a thread."""
        while not self._stopped.is_set():
            self._slots.active.wait()
            turned = Event()
            if self._stopped.is_set() or not self._slots.call(turned.set):
                return
            if not turned.wait(self._limit):
                self._tell()
                turned.wait()
            self._stopped.wait(self._limit / 2)

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.set()
        self._slots.active.set()

    def _tell(self) -> None:
        task = asyncio.current_task(self._slots.loop)
        held = self._slots.running.get(task) if task is not None else None
        if held is None:
            return
        logger.warning(
            "%s has held up the event loop for %g s, at %s: await there, move it to asyncio.to_thread, or "
            "declare the task with def",
            held.task or "a message without a task",
            self._limit,
            self._where(),
        )

    def _where(self) -> str:
        """The line of the handler, such as "shop/tasks.py:42"."""
        frame = sys._current_frames().get(self._slots.thread.ident or 0)
        if frame is None:
            return "its end"
        stack = [(file.f_code.co_filename, line) for file, line in traceback.walk_stack(frame)][::-1]
        handlers = stack[-1:]
        for number, (file, _) in enumerate(stack):
            if file == dispatcher.__file__:
                handlers = [each for each in stack[number:] if not each[0].startswith(_PACKAGE)] or stack[-1:]
        return "{}:{}".format(*handlers[0])
