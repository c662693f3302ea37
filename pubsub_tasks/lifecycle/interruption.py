"""Ends calls that wait, such as the long polls of a worker that stops."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, local
from types import TracebackType
from typing import Self

_of_thread = local()


class CallInterrupted(BaseException):
    """Raised in a call that an `Interruption` ends.

    Not an Exception, so that no library takes it for a failed try and makes the call again.
    """


class Interruption:
    """Ends the calls that are made in its `with` block, by any thread, and each later one at once.

    A transport that supports it waits within `waiting`; a call of any other transport is not interrupted.
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
        """End all calls. Calls each `wake`, which must not raise, and must not wait for the call."""
        with self._lock:
            self.requested = True
            for wake in self._wakes:
                wake()

    def check(self) -> None:
        """Raises CallInterrupted if the call is to end."""
        if self.requested:
            raise CallInterrupted

    @contextmanager
    def waiting(self, wake: Callable[[], None]) -> Iterator[None]:
        """Wait for an answer in this block; `wake` is what ends the wait, and is called in it alone.

        Raises CallInterrupted instead of the error that `wake` causes.
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
    """What may end the call that this thread makes now."""
    found: Interruption | None = getattr(_of_thread, "interruption", None)
    return found
