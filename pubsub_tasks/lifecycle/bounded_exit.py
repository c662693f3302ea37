"""Exit a command's process as Python does, but within a time limit.

Python waits for every non-daemon thread and then for every `atexit` hook, however long they take. Here the
threads get part of the time and the hooks the rest. The process then logs what it did not wait for, and ends.
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

MAX_THREAD_WAIT = 5.0
"""Seconds that application threads get if the grace period leaves more than twice as much."""

MIN_WAIT = 2.0
"""Seconds for threads and hooks together if nothing is left of the grace period."""

WAIT_AFTER_SECOND_SIGNAL = 1.0
"""Seconds for threads and hooks together after a second signal."""

MAX_FLUSH_WAIT = 1.0
"""Seconds for flushing logs and output after that."""


def exit_within(code: int, seconds: float = 2 * MAX_THREAD_WAIT) -> NoReturn:
    """Raise SystemExit, and make the process end within `seconds`.

    Non-daemon threads get half of the time, at most MAX_THREAD_WAIT, and `atexit` hooks the rest. The hooks
    run even if threads are still running. SIGTERM or SIGINT during the exit shortens the remaining time to
    WAIT_AFTER_SECOND_SIGNAL.
    """
    _Exit(code, seconds).watch()
    sys.exit(code)


class _Exit:
    """Enforces the time limit from daemon threads once the main thread ends."""

    def __init__(self, code: int, seconds: float) -> None:
        self._code = code
        self._seconds = seconds
        self._ends_at = self._shortened_to = float("inf")  # apart: the second may be set before the first
        self._hooks_started = threading.Event()
        self._may_run_hooks = threading.Event()
        self._hooks_done = threading.Event()
        self._hooks_claimed = threading.Lock()
        self._previous_handlers: dict[int, Any] = {}

    def watch(self) -> None:
        """Start watching."""
        # Hooks run in reverse order of registration: this one runs first and reports that they have started.
        atexit.register(self._on_hooks)
        # Both start now: an interpreter that is shutting down cannot start threads.
        for work in (self._watch, self._run_hooks):
            threading.Thread(target=work, name="pubsub-exit", daemon=True).start()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._previous_handlers[number] = signal.signal(number, self._shorten) or signal.SIG_DFL

    def _watch(self) -> None:
        threading.main_thread().join()  # returns when Python starts waiting for the other threads
        self._ends_at = time.monotonic() + self._seconds
        thread_wait = min(MAX_THREAD_WAIT, self._seconds / 2)
        if not self._wait(self._hooks_started, thread_wait) and self._hooks_claimed.acquire(blocking=False):
            logger.warning("these threads go on, and are not waited for: %s", ", ".join(_thread_names()))
            self._may_run_hooks.set()
        if not self._wait(self._hooks_done, self._seconds):
            logger.warning("an atexit hook did not end, and is not waited for")
        _flush()
        os._exit(self._code)

    def _wait(self, event: threading.Event, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not event.wait(0.02):
            if time.monotonic() > min(until, self._ends_at, self._shortened_to):
                return False
        return True

    def _run_hooks(self) -> None:
        self._may_run_hooks.wait()
        atexit._run_exitfuncs()
        self._hooks_done.set()

    def _on_hooks(self) -> None:
        if self._may_run_hooks.is_set():
            return
        if self._hooks_claimed.acquire(blocking=False):
            self._hooks_started.set()
        else:
            threading.Event().wait()  # the threads ended just after `_watch` took over the hooks

    def _shorten(self, number: int, frame: FrameType | None) -> None:
        if threading.main_thread().is_alive():  # application code caught the SystemExit and continues
            signal.signal(number, self._previous_handlers[number])
            signal.raise_signal(number)
        self._shortened_to = min(self._shortened_to, time.monotonic() + WAIT_AFTER_SECOND_SIGNAL)


def _thread_names() -> list[str]:
    """Return the names of the threads that Python waits for."""
    return sorted(thread.name for thread in threading.enumerate() if thread.is_alive() and not thread.daemon)


def _flush() -> None:
    """Flush logs and output, for at most MAX_FLUSH_WAIT: a hook that still runs may hold their locks."""

    def write() -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        logging.shutdown()

    writing = threading.Thread(target=write, daemon=True)
    try:
        writing.start()
        writing.join(MAX_FLUSH_WAIT)
    except RuntimeError:  # threads can no longer be started
        return
