"""TimeLimits: the time limits of handlers that run in threads.

A handler whose time is over gets an exception raised in its own thread, between the marks at which it was
entered and left and never outside them: both marks and the raising stand under one lock. It is delivered
between two bytecodes, so a handler that waits in C learns of it when that returns. One that does not leave
for so long after is left behind. It refuses to know what becomes of the message.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition, Lock, get_ident
from typing import Any

from ..dispatching.dispatcher import HandlerCall
from ..errors import TaskTimeout
from ..inflight.in_flight_message import InFlightMessage
from ..lifecycle import forks

PATIENCE = 5.0
"""Seconds that a handler is given to leave after its time was over."""

NEVER = float("inf")


class Interrupted(BaseException):
    """Raised in a handler whose time is over. No `Exception`: a handler that catches those must end too."""


@dataclass(slots=True, eq=False)
class HandlerRun:
    """One call of a handler. `left_behind` when its thread is given up: what it yet returns is void."""

    held: InFlightMessage
    call: HandlerCall
    thread: int = field(default_factory=get_ident)
    due: float = NEVER
    interrupted: bool = False
    left_behind: bool = False
    finished: bool = False
    result: Any = None
    generation: int = field(default_factory=lambda: forks.generation)


class TimeLimits:
    """Watches the runs of one worker. `on_stuck` is told of those left behind, in the watching thread."""

    def __init__(
        self, clock: Callable[[], float], on_stuck: Callable[[HandlerRun], None], patience: float = PATIENCE
    ) -> None:
        self._clock = clock
        self._on_stuck = on_stuck
        self._patience = patience
        self._lock = Lock()
        self._earlier = Condition(self._lock)
        self._running: dict[int, HandlerRun] = {}
        self._looks_at = NEVER
        self._stopped = False

    def limit(self, run: HandlerRun, invoke: Callable[[HandlerCall], Any], call: HandlerCall) -> Any:
        """Call a handler in this thread, for so long as its task allows. Raises TaskTimeout."""
        try:
            return self._within(run, invoke, call)
        except Interrupted as interrupted:
            self._leave(run)  # it may have struck while leaving; there is no second one
            if run.finished:
                return run.result
            raise timeout(call) from interrupted

    def check(self) -> None:
        """Interrupt those whose time is over, and give up those who were and did not leave."""
        with self._lock:
            now = self._clock()
            due = [run for run in self._running.values() if run.due <= now]
            stuck = [run for run in due if run.interrupted]
            for run in stuck:
                run.left_behind = True
                del self._running[run.thread]
            for run in due:
                if not run.interrupted:
                    run.interrupted, run.due = True, now + self._patience
                    _raise_in(run.thread, Interrupted)
            self._looks_at = min((run.due for run in self._running.values()), default=NEVER)
        for run in stuck:
            self._on_stuck(run)

    def watch(self) -> None:
        """Check whenever it is time, until stopped: the body of a thread."""
        while not self._stopped:
            self.check()
            with self._lock:
                rest = self._looks_at - self._clock()
                if not self._stopped and rest > 0:
                    self._earlier.wait(None if rest == NEVER else rest)

    def stop(self) -> None:
        """Interrupt nobody any more."""
        with self._lock:
            self._stopped = True
            self._earlier.notify_all()

    def _within(self, run: HandlerRun, invoke: Callable[[HandlerCall], Any], call: HandlerCall) -> Any:
        self._enter(run)
        try:
            run.result = invoke(call)
            run.finished = True
        finally:
            self._leave(run)
        return run.result

    def _enter(self, run: HandlerRun) -> None:
        with self._lock:
            run.due = self._clock() + (run.call.task.timeout or NEVER)
            self._running[run.thread] = run
            if run.due < self._looks_at:
                self._looks_at = run.due
                self._earlier.notify()

    def _leave(self, run: HandlerRun) -> None:
        if forks.generation != run.generation:
            return  # a child that the handler forked: nobody watches it, and the lock may be held for ever
        # A plain lock: a Condition's `with` is Python code, and an exception could strike within it.
        with self._lock:
            if self._running.get(run.thread) is run:
                del self._running[run.thread]
            if run.interrupted:
                _raise_in(run.thread, None)  # should it not have been delivered yet, it never is


def timeout(call: HandlerCall) -> TaskTimeout:
    """What a handler is judged by whose time was over."""
    return TaskTimeout(f"{call.task.name} ran past its time limit of {call.task.timeout:g} s")


def _raise_in(thread: int, kind: type[BaseException] | None) -> None:
    """Source: Python/C API, PyThreadState_SetAsyncExc; NULL takes back what was not delivered."""
    exception = ctypes.py_object(kind) if kind is not None else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), exception)
