"""The supervised side of a worker process: how it is configured by its supervisor and reports to it.

The configuration comes in an environment variable. Standard input is the lifeline: it reaches end of file
when the supervisor is gone. Reports go over a separate pipe, one JSON object per line.
"""

import json
import os
from collections.abc import Callable
from threading import Thread
from typing import Any, NamedTuple

from ..lifecycle import forks

VARIABLE = "PUBSUB_TASKS_SUPERVISED"

LOOPBACK = "127.0.0.1"
"""Where a supervised process serves health checks for its supervisor."""


class ProcessShare(NamedTuple):
    """The work of one of several processes.

    Attributes:
        name: the name of the process in logs.
        url: the URL of its queue, or None to find it as an unsupervised process does.
        queue: the logical queue whose tasks it serves, or None likewise.
    """

    name: str
    url: str | None = None
    queue: str | None = None

    def environment(self, pipe: int) -> dict[str, str]:
        """Return the environment variable for the process; `pipe` is the descriptor to report on."""
        return {VARIABLE: json.dumps(self._asdict() | {"pipe": pipe})}


class SupervisedProcess:
    """The current process, started by a supervisor."""

    def __init__(self, share: ProcessShare, pipe: int, lifeline: int) -> None:
        self.share = share
        self._pipe = pipe
        self._lifeline = lifeline
        forks.call_in_child(self._close)

    def report(self, **values: Any) -> None:
        """Send values to the supervisor. Does nothing if the supervisor is gone."""
        unsent = json.dumps(values).encode() + b"\n"
        try:
            while unsent:
                unsent = unsent[os.write(self._pipe, unsent) :]
        except OSError:
            return

    def watch(self, on_orphaned: Callable[[], None]) -> None:
        """Start a daemon thread that calls `on_orphaned` when the supervisor is gone."""

        def wait() -> None:
            while os.read(self._lifeline, 1024):
                pass
            on_orphaned()

        Thread(target=wait, name="pubsub-lifeline", daemon=True).start()

    def _close(self) -> None:
        os.close(self._pipe)
        os.close(self._lifeline)


def supervised() -> SupervisedProcess | None:
    """Return the supervision of this process, or None without a supervisor.

    Removes the environment variable, so that processes started from here are not supervised.
    """
    configuration = os.environ.pop(VARIABLE, None)
    if configuration is None:
        return None
    values = json.loads(configuration)
    pipe = values.pop("pipe")
    os.set_inheritable(pipe, False)
    return SupervisedProcess(ProcessShare(**values), pipe, _take_over_stdin())


def _take_over_stdin() -> int:
    """Return a copy of standard input, and give handlers and subprocesses /dev/null instead."""
    lifeline, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return lifeline
