"""Reasons for which a process stops its workers, in the order in which they arise."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import FrameType
from typing import NamedTuple

from ..lifecycle import forks
from ..lifecycle.bounded_exit import MAX_THREAD_WAIT
from .exit_codes import SUCCESS


class StopReason(NamedTuple):
    """A reason to stop, and its exit code. Without a text it reports that one worker has finished."""

    code: int
    text: str = ""
    is_signal: bool = False


class StopReasons:
    """A queue of reasons to stop. Signal handlers, and threads that hold any lock, may add to it.

    Attributes:
        seconds_left: after `run` has returned, the seconds that the process may still take to exit.
    """

    def __init__(self) -> None:
        self._reasons: SimpleQueue[StopReason] = SimpleQueue()
        self.seconds_left = 2 * MAX_THREAD_WAIT

    def add(self, reason: StopReason) -> None:
        """Add a reason."""
        self._reasons.put(reason)

    def next(self, timeout: float | None) -> StopReason | None:
        """Return the next reason, or None if none arrives within `timeout` seconds (None: no limit)."""
        try:
            return self._reasons.get(timeout=timeout)
        except Empty:
            return None

    @contextmanager
    def from_signals(self) -> Iterator[None]:
        """Add SIGTERM and SIGINT as reasons within the block."""
        with forks.handled_signals(dict.fromkeys((signal.SIGTERM, signal.SIGINT), self._on_signal)):
            yield

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.add(StopReason(SUCCESS, signal.Signals(number).name, is_signal=True))
