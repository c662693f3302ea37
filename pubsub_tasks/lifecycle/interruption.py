"""Ends calls that wait for a response, such as the long polls of a worker that stops."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, local
from types import TracebackType
from typing import Self

_of_thread = local()


class CallInterrupted(BaseException):
    """Raised in a call that an `Interruption` ends.

    Not an Exception, so that no library takes it for a failed attempt and repeats the call.
    """


class Interruption:
    """Ends the calls that threads make in its `with` block; calls made after `interrupt` end at once.

    A transport supports it by waiting in a `waiting` block; calls of other transports are not interrupted.
    Safe to share between threads.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._wakes: list[Callable[[], None]] = []
        self.requested = False

    def __enter__(self) -> Self:
        _of_thread.interruption = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _of_thread.interruption = None

    def interrupt(self) -> None:
        """End all calls, by calling the `wake` of each. A `wake` must neither raise nor wait for the call."""
        with self._lock:
            self.requested = True
            for wake in self._wakes:
                wake()

    def check(self) -> None:
        """Raise CallInterrupted after `interrupt`."""
        if self.requested:
            raise CallInterrupted

    @contextmanager
    def waiting(self, wake: Callable[[], None]) -> Iterator[None]:
        """Wait for a response in this block. `wake` ends the wait, and is called only during the block.

        Raises CallInterrupted instead of the exception that `wake` causes.
        """
        with self._lock:
            self.check()
            self._wakes.append(wake)
        try:
            yield
        except Exception as error:
            if self.requested:
                raise CallInterrupted from error
            raise
        finally:
            with self._lock:
                self._wakes.remove(wake)


def interruption_of_call() -> Interruption | None:
    """The interruption in whose `with` block this thread is, if any."""
    found: Interruption | None = getattr(_of_thread, "interruption", None)
    return found
