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
from typing import Self

VARIABLE = "FAULTS_LEDGER"
"""Names the file for worker processes."""


class Ledger:
    """Effects by message number. Safe to share between threads and processes."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._lock = Lock()
        self._connection = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
        self._ask("PRAGMA synchronous=OFF")  # a killed process loses nothing by it
        self._ask("PRAGMA journal_mode=WAL")
        self._ask("CREATE TABLE IF NOT EXISTS begun (number INTEGER, attempt INTEGER, pid INTEGER)")
        self._ask("CREATE TABLE IF NOT EXISTS done (number INTEGER, attempt INTEGER, pid INTEGER)")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def begin(self, number: int, attempt: int) -> None:
        """A handler has started on a message."""
        self._ask("INSERT INTO begun VALUES (?, ?, ?)", number, attempt, os.getpid())

    def done(self, number: int, attempt: int) -> None:
        """Its effect happened."""
        self._ask("INSERT INTO done VALUES (?, ?, ?)", number, attempt, os.getpid())

    def count(self) -> int:
        """How many messages had their effect."""
        return int(self._ask("SELECT count(DISTINCT number) FROM done")[0][0])

    def begun_by(self, pid: int) -> int:
        """How many handlers this process has started."""
        return int(self._ask("SELECT count(*) FROM begun WHERE pid = ?", pid)[0][0])

    def cut(self, pid: int) -> list[int]:
        """Messages that this process began and did not finish."""
        begun = Counter(row[0] for row in self._ask("SELECT number FROM begun WHERE pid = ?", pid))
        done = Counter(row[0] for row in self._ask("SELECT number FROM done WHERE pid = ?", pid))
        return sorted((begun - done).elements())

    def missing(self, numbers: Iterable[int]) -> list[int]:
        """Those of these messages that never had their effect."""
        return sorted(set(numbers) - {row[0] for row in self._ask("SELECT DISTINCT number FROM done")})

    def repeats(self) -> list[tuple[int, list[int]]]:
        """(message, the processes that did it, in order) of each that was done more than once."""
        by_number: dict[int, list[int]] = {}
        for number, pid in self._ask("SELECT number, pid FROM done ORDER BY rowid"):
            by_number.setdefault(number, []).append(pid)
        return [(number, pids) for number, pids in by_number.items() if len(pids) > 1]

    def _ask(self, statement: str, *values: int) -> list[tuple[int, ...]]:
        with self._lock:
            return list(self._connection.execute(statement, values))


def from_environment() -> Ledger:
    """The ledger of this worker process."""
    return Ledger(os.environ[VARIABLE])
