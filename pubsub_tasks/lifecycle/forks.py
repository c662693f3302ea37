"""Forks: what a process forked by an application's code must not inherit from a worker.

Handlers may call `os.fork`, or use `multiprocessing` with its fork start method. The child is a copy of the
worker with one thread, the one that forked. Here is what makes it an ordinary process:

- `first_use` is held during a fork, so that none falls into the making of a producer or of boto3's clients;
- signal handlers that were set with `handled_signals` are those from before again;
- what was registered with `undone_in_child` is undone;
- `generation` differs from the parent's, by which a worker's code knows that it runs in a child, and ends it.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import RLock
from typing import Any, NoReturn

generation = 0
"""How many forks lie between this process and the one that imported the package."""

SignalHandler = Callable[[int, Any], None]

_gate = RLock()
_undo: list[Callable[[], None]] = []
_replaced: dict[int, tuple[SignalHandler, Any]] = {}
_mask: list[set[int | signal.Signals]] = []


@contextmanager
def first_use() -> Iterator[None]:
    """Hold this while making what is made once, so that no fork copies it half made. Reentrant."""
    with _gate:
        yield


@contextmanager
def undone_in_child(undo: Callable[[], None]) -> Iterator[None]:
    """Call `undo` in each process that is forked during this block."""
    _undo.append(undo)
    try:
        yield
    finally:
        _undo.remove(undo)


def undo_in_child(undo: Callable[[], None]) -> None:
    """Call `undo` in each process that is forked from now on."""
    _undo.append(undo)


@contextmanager
def handled_signals(handlers: Mapping[signal.Signals, SignalHandler]) -> Iterator[None]:
    """Handle these signals in this block, in this process alone. For the main thread."""
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


def end_if_forked(since: int, error: BaseException | None = None) -> None:
    """End this process if it was forked after `generation` was `since`; see `end_child`."""
    if generation != since:
        end_child(error)


def end_child(error: BaseException | None = None) -> NoReturn:
    """End a forked child whose own code is done, as `multiprocessing` ends one: without `atexit`.

    Hooks that were registered before the fork belong to the parent. The exit code is that of a SystemExit, 0
    without an error, else 1 after a traceback.
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
    _gate.acquire()
    # A signal between the fork and the change of its handler would be taken by the parent's, and be lost.
    _mask.append(signal.pthread_sigmask(signal.SIG_BLOCK, _replaced))


def _after_in_parent() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _mask.pop())
    _gate.release()


def _after_in_child() -> None:
    global generation, _gate
    generation += 1
    _gate = RLock()
    if _replaced:
        signal.set_wakeup_fd(-1)
    for number, (ours, before) in _replaced.items():
        if signal.getsignal(number) == ours:
            signal.signal(number, before)
    _replaced.clear()
    undone, _undo[:] = list(_undo), []
    for undo in undone:
        try:
            undo()
        except Exception:  # one that fails keeps nothing else in the child
            traceback.print_exc()
    signal.pthread_sigmask(signal.SIG_SETMASK, _mask.pop())


os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
