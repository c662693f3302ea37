"""Crew: worker processes, started as a user starts them, to be killed, stopped and ended at will."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults import effects, ledger
from tests.faults.ledger import Ledger
from tests.faults.world import PATIENCE, VISIBILITY, World

ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).parent / "pubsub-worker"


class Hand:
    """One worker process; what it prints goes to a file beside the ledger."""

    def __init__(self, arguments: list[str], env: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("w") as output:
            self._process = subprocess.Popen(
                [COMMAND, *arguments], cwd=ROOT, env={**os.environ, **env}, stdout=output, stderr=output
            )
        self.pid = self._process.pid

    @property
    def said(self) -> str:
        return self._log.read_text()

    @property
    def ready(self) -> bool:
        """Whether it takes signals."""
        return "dead letters:" in self.said

    def freeze(self) -> None:
        """Let it stand as it is, in the middle of whatever it does."""
        os.kill(self.pid, signal.SIGSTOP)

    def kill(self) -> None:
        """As the kernel does it when memory is short."""
        self._process.kill()
        self._process.wait()

    def terminate(self) -> int:
        """As a deploy does it; returns the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE)


class Crew:
    """All worker processes of one world."""

    def __init__(self, world: World, ledger_: Ledger, pace: float, coroutine: bool) -> None:
        self._ledger = ledger_
        self._env = {
            ledger.VARIABLE: str(ledger_.path),
            effects.PACE: str(pace),
            effects.COROUTINE: "yes" if coroutine else "",
        }
        self._arguments = [
            *("--app", "tests.faults.effects:for_processes", "--sqs-queue-url", world.queue.url),
            *("--concurrency", "4", "--wait-seconds", "1", "--visibility-timeout", str(VISIBILITY)),
        ]
        self.hands: list[Hand] = []

    def hire(self) -> Hand:
        """One more."""
        log = self._ledger.path.with_name(f"{self._ledger.path.name}-worker-{len(self.hands)}.log")
        self.hands.append(Hand(self._arguments, self._env, log))
        return self.hands[-1]


@contextmanager
def crew(world: World, ledger: Ledger, *, pace: float, coroutine: bool = False) -> Iterator[Crew]:
    """Nobody of it survives the block."""
    hired = Crew(world, ledger, pace, coroutine)
    try:
        yield hired
    finally:
        for hand in hired.hands:
            hand.kill()
