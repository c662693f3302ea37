"""Ledger: what really happened, as handlers write it down: which message, which try, in which process.

A SQLite file, so that a process that is killed in the next instant has still told. Knows no queue.
"""

import os
import sqlite3
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

VARIABLE = "FAULTS_LEDGER"
"""Names the file for worker processes."""

GROUPS = 7
"""On FIFO queues a message's group is its number modulo this, and its place in the group its number."""


def is_rejected(number: int) -> bool:
    """Whether its handler rejects it, so that it is to become a dead letter."""
    return number % 8 == 5


class Ledger:
    """Effects by message number. Safe to share between threads and processes."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._lock = Lock()
        self._connection = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
        self._ask("PRAGMA synchronous=OFF")  # a killed process loses nothing by it
        self._ask("PRAGMA journal_mode=WAL")
        self._ask("CREATE TABLE IF NOT EXISTS told (what TEXT, number INTEGER, attempt INTEGER, pid INTEGER)")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def begin(self, number: int, attempt: int) -> None:
        """A handler has started on a message."""
        self._tell("begun", number, attempt)

    def done(self, number: int, attempt: int) -> None:
        """Its effect happened."""
        self._tell("done", number, attempt)

    def count(self) -> int:
        """How many messages had their effect."""
        return int(self._ask("SELECT count(DISTINCT number) FROM told WHERE what = 'done'")[0][0])

    def begun_by(self, pid: int) -> int:
        """How many handlers this process has started."""
        return int(self._ask("SELECT count(*) FROM told WHERE what = 'begun' AND pid = ?", pid)[0][0])

    def cut(self, pid: int) -> list[int]:
        """Messages that this process began and did not finish."""
        told = self._ask("SELECT what, number FROM told WHERE pid = ?", pid)
        begun = Counter(number for what, number in told if what == "begun" and not is_rejected(number))
        return sorted((begun - Counter(number for what, number in told if what == "done")).elements())

    def missing(self, numbers: Iterable[int]) -> list[int]:
        """Those of these messages that never had their effect."""
        done = {row[0] for row in self._ask("SELECT DISTINCT number FROM told WHERE what = 'done'")}
        return sorted(number for number in numbers if number not in done and not is_rejected(number))

    def repeats(self) -> list[tuple[int, list[int]]]:
        """(message, the processes that did it, in order) of each that was done more than once."""
        by_number: dict[int, list[int]] = {}
        for number, pid in self._ask("SELECT number, pid FROM told WHERE what = 'done' ORDER BY rowid"):
            by_number.setdefault(number, []).append(pid)
        return [(number, pids) for number, pids in by_number.items() if len(pids) > 1]

    def overtaken(self) -> list[tuple[int, int]]:
        """(message, an earlier one of its group that was not finished with when it began) of each such."""
        finished: set[int] = set()
        found = []
        for what, number in self._ask("SELECT what, number FROM told ORDER BY rowid"):
            if what == "done" or is_rejected(number):
                finished.add(number)
            earlier = set(range(number % GROUPS, number, GROUPS)) - finished
            found += [(number, each) for each in sorted(earlier)[:1] if what == "begun"]
        return found

    def _tell(self, what: str, number: int, attempt: int) -> None:
        self._ask("INSERT INTO told VALUES (?, ?, ?, ?)", what, number, attempt, os.getpid())

    def _ask(self, statement: str, *values: str | int) -> list[tuple[Any, ...]]:
        with self._lock:
            return list(self._connection.execute(statement, values))


def from_environment() -> Ledger:
    """The ledger of this worker process."""
    return Ledger(os.environ[VARIABLE])
