"""Leaving: how a command's process ends. Like any Python program, but in bounded time.

Python waits for every thread that is no daemon, and then for every `atexit` hook, however long they take.
Here threads get a part of the time and hooks the rest; then the process ends, and logs what it left.
"""

import atexit
import logging
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any, NoReturn

logger = logging.getLogger(__name__)

LONGEST = 5.0
"""Seconds that threads of the application get, where the grace leaves more than twice as much."""

LEAST = 2.0
"""Seconds for threads and hooks together where nothing is left of the grace."""

HURRIED = 1.0
"""The same after a second signal."""

LAST_LINES = 1.0
"""Seconds for writing the log after that."""


def leave(code: int, seconds: float = 2 * LONGEST) -> NoReturn:
    """Raise SystemExit, and see to it that the end then takes at most `seconds`.

    Threads that are no daemons get half of the time, at most LONGEST; hooks of `atexit` the rest. Where
    threads go on, the hooks run all the same. SIGTERM or SIGINT meanwhile shortens the rest to HURRIED.
    """
    _Exit(code, seconds).watch()
    sys.exit(code)


class _Exit:
    """Watches the end of the main thread, from threads that Python does not wait for."""

    def __init__(self, code: int, seconds: float) -> None:
        self._code = code
        self._seconds = seconds
        self._ends_at = float("inf")
        self._hooks_begun = threading.Event()
        self._may_run_hooks = threading.Event()
        self._hooks_done = threading.Event()
        self._hooks = threading.Lock()
        self._before: dict[int, Any] = {}

    def watch(self) -> None:
        """Begin to. Hooks run last-registered first: this one learns that they begin."""
        atexit.register(self._on_hooks)
        # Both start now: a program that is ending may start no thread.
        for work in (self._watch, self._run_hooks):
            threading.Thread(target=work, name="pubsub-exit", daemon=True).start()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._hurry) or signal.SIG_DFL

    def _watch(self) -> None:
        threading.main_thread().join()  # returns when Python begins to wait for the other threads
        self._ends_at = time.monotonic() + self._seconds
        patience = min(LONGEST, self._seconds / 2)
        if not self._until(self._hooks_begun, patience) and self._hooks.acquire(blocking=False):
            logger.warning("these threads go on, and are not waited for: %s", ", ".join(_others()))
            self._may_run_hooks.set()
        if not self._until(self._hooks_done, self._seconds):
            logger.warning("an atexit hook did not end, and is not waited for")
        _flush()
        os._exit(self._code)

    def _until(self, event: threading.Event, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not event.wait(0.02):
            if time.monotonic() > min(until, self._ends_at):
                return False
        return True

    def _run_hooks(self) -> None:
        self._may_run_hooks.wait()
        atexit._run_exitfuncs()
        self._hooks_done.set()

    def _on_hooks(self) -> None:
        if self._may_run_hooks.is_set():
            return
        if self._hooks.acquire(blocking=False):
            self._hooks_begun.set()
        else:
            threading.Event().wait()  # the threads ended just as the hooks were begun without them

    def _hurry(self, number: int, frame: FrameType | None) -> None:
        if threading.main_thread().is_alive():  # somebody caught the SystemExit, and goes on
            signal.signal(number, self._before[number])
            signal.raise_signal(number)
        self._ends_at = min(self._ends_at, time.monotonic() + HURRIED)


def _others() -> list[str]:
    """Names of the threads that Python waits for."""
    return sorted(each.name for each in threading.enumerate() if each.is_alive() and not each.daemon)


def _flush() -> None:
    """Write what is logged and printed, for so long as that may take: a hook may hold a lock of it."""

    def write() -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        logging.shutdown()

    writing = threading.Thread(target=write, daemon=True)
    try:
        writing.start()
        writing.join(LAST_LINES)
    except RuntimeError:  # no thread can be started any more
        return
