"""Our commands as processes: started as a user starts them, read line by line, ended with the test."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

BIN = Path(sys.executable).parent
PATIENCE = 60
"""Seconds after which a process that should have ended is killed, and its test fails."""


class Command:
    """A running command. `lines` holds what it printed so far, both streams together."""

    def __init__(
        self, *arguments: str, cwd: Path, env: dict[str, str] | None = None, stdin: str | None = None
    ) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [str(BIN / arguments[0]), *arguments[1:]],  # an absolute path stays what it is
            cwd=cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "100", **(env or {})},
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if self.process.stdin is not None:
            self.process.stdin.write(stdin or "")
            self.process.stdin.close()
        self._printed = self._read()

    def wait_for(self, text: str) -> str:
        """The next line that holds this text; fails with all that was printed where none comes."""
        for line in self._printed:
            self.lines.append(line.rstrip("\n"))
            if text in line:
                return self.lines[-1]
        raise AssertionError(f"{text!r} was never printed, but this:\n{self.output}")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """Wait for its end; returns the exit code."""
        self.lines += [line.rstrip("\n") for line in self._printed]
        return self.process.wait(PATIENCE)

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def _read(self) -> Iterator[str]:
        assert self.process.stdout is not None
        killer = Thread(target=self._kill_when_late, daemon=True)
        killer.start()
        yield from self.process.stdout

    def _kill_when_late(self) -> None:
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()


@contextmanager
def command(
    *arguments: str, cwd: Path, env: dict[str, str] | None = None, stdin: str | None = None
) -> Iterator[Command]:
    """A command that is dead when the block ends, whatever happens in it. `stdin` is all that it can read."""
    running = Command(*arguments, cwd=cwd, env=env, stdin=stdin)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        if running.process.stdout:
            running.process.stdout.close()


def outcome(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> tuple[int, str]:
    """(exit code, output) of a command that ends by itself."""
    with command(*arguments, cwd=cwd, env=env) as running:
        return running.end(), running.output
