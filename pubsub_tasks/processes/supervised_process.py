"""A worker process's side of its supervisor: an environment variable and two pipes.

Standard input is the lifeline: it ends when the supervisor is gone. What the process has to say goes over a
pipe of its own, one JSON object a line.
"""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from threading import Thread
from typing import Any

from ..lifecycle import forks

VARIABLE = "PUBSUB_TASKS_SUPERVISED"


@dataclass(frozen=True, slots=True)
class ProcessShare:
    """What one process of several does: its name, and the queue's URL and the logical name of its tasks.

    None where it finds them as it would without a supervisor.
    """

    name: str
    url: str | None = None
    queue: str | None = None

    def environment(self, pipe: int) -> dict[str, str]:
        """The variable that tells a process so, and where to report."""
        return {VARIABLE: json.dumps(asdict(self) | {"pipe": pipe})}


class SupervisedProcess:
    """This process as its supervisor started it."""

    def __init__(self, part: ProcessShare, pipe: int, lifeline: int) -> None:
        self.part = part
        self._pipe = pipe
        self._lifeline = lifeline
        forks.undo_in_child(self._leave)

    def report(self, **said: Any) -> None:
        """Tell the supervisor; one that is gone hears nothing."""
        try:
            os.write(self._pipe, json.dumps(said).encode() + b"\n")
        except OSError:
            return

    def watch(self, orphaned: Callable[[], None]) -> None:
        """Call when the supervisor is gone, from a thread of its own."""

        def wait() -> None:
            while os.read(self._lifeline, 1024):
                pass
            orphaned()

        Thread(target=wait, name="pubsub-lifeline", daemon=True).start()

    def _leave(self) -> None:
        os.close(self._pipe)
        os.close(self._lifeline)


def supervised() -> SupervisedProcess | None:
    """How this process is supervised, or None. What it starts itself is not told."""
    told = os.environ.pop(VARIABLE, None)
    if told is None:
        return None
    said = json.loads(told)
    pipe = said.pop("pipe")
    os.set_inheritable(pipe, False)
    return SupervisedProcess(ProcessShare(**said), pipe, _lifeline())


def _lifeline() -> int:
    """Take standard input over; in its place is what has no input, for handlers and for what they start."""
    lifeline, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return lifeline
