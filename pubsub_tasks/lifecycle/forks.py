"""Turn a process that application code forks from a worker into an ordinary process.

Handlers may call `os.fork` or use `multiprocessing` with its fork start method. The child is a copy of the
worker with one thread, the one that forked. In the child:

- no object is half made: a fork waits while another thread is in a `blocked` block, such as one that creates
  a producer or a boto3 client;
- the signal handlers are those from before `handled_signals`;
- the callbacks of `call_in_child` and `calling_in_child` have run;
- `generation` differs from the parent's. The worker's code compares it to detect that it runs in a child, and
  then exits the child.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from threading import RLock
from typing import Any, NoReturn

generation = 0
"""Number of forks between this process and the one that imported the package."""

SignalHandler = Callable[[int, Any], None]

_lock = RLock()
_callbacks: list[Callable[[], None]] = []
_replaced: dict[int, tuple[SignalHandler, Any]] = {}
"""By signal number: the handler that `handled_signals` set, and the one before it."""

_masks: list[set[int | signal.Signals]] = []


def blocked() -> AbstractContextManager[object]:
    """Make forks of other threads wait, so that no child inherits a half-made object. Reentrant."""
    return _lock  # itself: code between it and the block could be interrupted by a handler's time limit


@contextmanager
def calling_in_child(callback: Callable[[], None]) -> Iterator[None]:
    """Call `callback` in each child that this process forks during this block."""
    _callbacks.append(callback)
    try:
        yield
    finally:
        _callbacks.remove(callback)


def call_in_child(callback: Callable[[], None]) -> None:
    """Call `callback` in each child that this process forks from now on."""
    _callbacks.append(callback)


@contextmanager
def handled_signals(handlers: Mapping[signal.Signals, SignalHandler]) -> Iterator[None]:
    """Handle these signals during this block, in this process but not in its forks. Main thread only."""
    outer = dict(_replaced)
    for number, handler in handlers.items():
        _replaced[number] = handler, signal.signal(number, handler) or signal.SIG_DFL
    try:
        yield
    finally:
        for number in handlers:
            signal.signal(number, _replaced[number][1])
        _replaced.clear()
        _replaced.update(outer)


def exit_if_forked(since: int, error: BaseException | None = None) -> None:
    """Exit this process if it was forked after `generation` was `since`; see `exit_child`."""
    if generation != since:
        exit_child(error)


def exit_child(error: BaseException | None = None) -> NoReturn:
    """Exit a forked child whose own code has ended, without `atexit` hooks, as `multiprocessing` does.

    Hooks registered before the fork belong to the parent. The exit code is 0 without an error, the code of a
    SystemExit, and 1, after a traceback, for any other error.
    """
    code: Any = 0 if error is None else error.code if isinstance(error, SystemExit) else 1
    try:
        if error is not None and not isinstance(error, SystemExit):
            traceback.print_exception(error)
        elif not isinstance(code, int | None):
            sys.stderr.write(f"{code}\n")
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit((code or 0) & 0xFF)


def _before() -> None:
    _lock.acquire()
    # A signal between the fork and the change of handlers would reach the parent's handler and be lost.
    _masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, _replaced))


def _after_in_parent() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _masks.pop())
    _lock.release()


def _after_in_child() -> None:
    global generation, _lock
    generation += 1
    _lock = RLock()
    if _replaced:
        signal.set_wakeup_fd(-1)
    for number, (ours, before) in _replaced.items():
        if signal.getsignal(number) == ours:
            signal.signal(number, before)
    _replaced.clear()
    callbacks, _callbacks[:] = list(_callbacks), []
    for callback in callbacks:
        try:
            callback()
        except Exception:  # the other callbacks must still run
            traceback.print_exc()
    signal.pthread_sigmask(signal.SIG_SETMASK, _masks.pop())


os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
