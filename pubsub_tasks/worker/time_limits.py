"""Time limits of handlers.

A coroutine past its limit is cancelled. In a thread, an exception is raised in the handler. One lock covers
entering, leaving and raising, so the exception strikes only within the run. It is delivered between two
bytecodes: a handler that waits in C sees it when that call returns. The thread of a handler that still does
not end is abandoned.

CPython delivers the exception where the thread stands when it is set. If that is in Python code by which the
standard library takes or releases a lock, the lock would stay locked, and all other threads that log would
wait for ever. So the interruption waits until the thread has left that code.
"""

import contextlib
import ctypes
import logging
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition, Lock, get_ident
from typing import Any

from ..dispatching.dispatcher import HandlerCall
from ..errors import TaskTimeout
from ..in_flight.capacity import PATIENCE
from ..lifecycle import forks

NEVER = float("inf")

LONGEST_WAIT = 3600.0
"""Seconds. A lock refuses to wait for centuries, and a message may ask for such a time limit."""

SOON = 0.005
"""Seconds until a thread that takes or releases a lock is looked at again."""

_LOCKING: tuple[Any, ...] = (
    *(logging.Handler.acquire, logging.Handler.release),
    *(getattr(logging, name, None) for name in ("_acquireLock", "_releaseLock")),  # before Python 3.13
    *(threading.Condition.__enter__, threading.Condition.__exit__),
    *(contextlib._GeneratorContextManager.__enter__, contextlib._GeneratorContextManager.__exit__),
)
_LOCKING_CODE = frozenset(function.__code__ for function in _LOCKING if function is not None)
"""The code of functions that take a lock for their caller, or release it. Locks themselves are in C."""


class Interrupted(BaseException):
    """Raised in a handler past its time limit. A BaseException, so that `except Exception` lets it pass."""


@dataclass(slots=True, eq=False)
class HandlerRun:
    """One call of a handler in a thread.

    Attributes:
        message: the message that it handles, as the caller has it.
        call: what is called.
        thread: the identifier of the thread.
        due: when to interrupt it or, once interrupted, to abandon it.
        latest: when to interrupt it even while it takes or releases a lock.
        interrupted: whether `Interrupted` was raised in the thread.
        abandoned: whether its thread was abandoned; its result is then ignored.
        finished: whether the handler returned.
        result: what the handler returned.
        generation: the process generation in which it began, to detect forks.
    """

    message: Any
    call: HandlerCall
    thread: int = field(default_factory=get_ident)
    due: float = NEVER
    latest: float = NEVER
    interrupted: bool = False
    abandoned: bool = False
    finished: bool = False
    result: Any = None
    generation: int = field(default_factory=lambda: forks.generation)


class TimeLimits:
    """Enforces the time limits of one worker's handlers.

    Args:
        clock: returns seconds that never go back.
        on_stuck: called, in the thread of `watch`, with each run whose thread is abandoned.
        patience: seconds between the interruption of a handler and the abandoning of its thread.
    """

    def __init__(
        self, clock: Callable[[], float], on_stuck: Callable[[HandlerRun], None], patience: float = PATIENCE
    ) -> None:
        self._clock = clock
        self._on_stuck = on_stuck
        self._patience = patience
        self._lock = Lock()
        self._check_earlier = Condition(self._lock)
        self._running: dict[int, HandlerRun] = {}
        self._next_check_at = NEVER
        self._stopped = False

    def limit(self, run: HandlerRun, invoke: Callable[[HandlerCall], Any], call: HandlerCall) -> Any:
        """Call a handler in the current thread and return its result.

        Raises TaskTimeout if the handler was interrupted before it returned.
        """
        try:
            return self._invoke(run, invoke, call)
        except Interrupted as interrupted:
            self._leave(run)  # the exception may have struck while leaving; there is no second one
            if run.finished:
                return run.result
            raise timeout_error(call) from interrupted

    def check(self) -> None:
        """Interrupt runs past their limit, and abandon those interrupted `patience` seconds ago."""
        with self._lock:
            now = self._clock()
            due = [run for run in self._running.values() if run.due <= now]
            stuck = [run for run in due if run.interrupted]
            for run in stuck:
                run.abandoned = True
                del self._running[run.thread]
            for run in due:
                if not run.interrupted:
                    self._interrupt(run, now)
            self._next_check_at = min((run.due for run in self._running.values()), default=NEVER)
        for run in stuck:
            self._on_stuck(run)

    def watch(self) -> None:
        """Check whenever a run is due, until stopped. The body of a thread."""
        while not self._stopped:
            self.check()
            with self._lock:
                timeout = self._next_check_at - self._clock()
                if not self._stopped and timeout > 0:
                    self._check_earlier.wait(min(timeout, LONGEST_WAIT))

    def stop(self) -> None:
        """Stop interrupting handlers, and end `watch`."""
        with self._lock:
            self._stopped = True
            self._check_earlier.notify_all()

    def _interrupt(self, run: HandlerRun, now: float) -> None:
        if now < run.latest and _is_locking(run.thread):
            run.due = now + SOON
            return
        run.interrupted, run.due = True, now + self._patience
        _raise_in(run.thread, Interrupted)

    def _invoke(self, run: HandlerRun, invoke: Callable[[HandlerCall], Any], call: HandlerCall) -> Any:
        self._enter(run)
        try:
            run.result = invoke(call)
            run.finished = True
        finally:
            self._leave(run)
        return run.result

    def _enter(self, run: HandlerRun) -> None:
        with self._lock:
            run.due = self._clock() + (run.call.timeout or NEVER)
            run.latest = run.due + self._patience
            self._running[run.thread] = run
            if run.due < self._next_check_at:
                self._next_check_at = run.due
                self._check_earlier.notify()

    def _leave(self, run: HandlerRun) -> None:
        if forks.generation != run.generation:
            return  # a child that the handler forked: no thread watches it, and the lock may stay locked
        # A plain lock: a Condition's `with` is Python code, and the exception could strike within it.
        with self._lock:
            if self._running.get(run.thread) is run:
                del self._running[run.thread]
            if run.interrupted:
                _deliver_interruption()


def timeout_error(call: HandlerCall) -> TaskTimeout:
    """Return the error by which a handler past its time limit is judged."""
    return TaskTimeout(f"{call.task.name} ran past its time limit of {call.timeout:g} s")


async def cancel_at_limit(invoke: Callable[[HandlerCall], Any], call: HandlerCall) -> Any:
    """Call a coroutine task and return its result. Raises TaskTimeout if it was cancelled at its limit."""
    from asyncio import timeout

    try:
        async with timeout(call.timeout) as scope:
            return await invoke(call)
    except TimeoutError as error:
        if scope.expired():
            raise timeout_error(call) from error
        raise  # the handler's own


def undo_cancellation() -> None:
    """Undo cancellations of the current asyncio task, which a handler caused."""
    from asyncio import current_task

    while (task := current_task()) and task.cancelling():
        task.uncancel()


def _is_locking(thread: int) -> bool:
    """Whether a thread stands in code that takes or releases a lock."""
    frame = sys._current_frames().get(thread)
    return frame is not None and frame.f_code in _LOCKING_CODE


def _deliver_interruption() -> None:
    """Raise the exception in the current thread and catch it, in place of one that was not delivered yet.

    To take it back instead would leave the interpreter's eval breaker set, which only a delivery resets: all
    code of the process would be slower, and in Python 3.11 a profiler, tracer or debugger would never return
    from a call. Source: CPython, Python/ceval.c, `eval_frame_handle_pending`.
    """
    try:
        _raise_in(get_ident(), Interrupted)
        while True:
            pass
    except Interrupted:
        return


def _raise_in(thread: int, kind: type[BaseException]) -> None:
    """Raise an exception in a thread, in place of one that was not delivered yet.

    Source: Python/C API, PyThreadState_SetAsyncExc.
    """
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(kind))
