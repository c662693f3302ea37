"""Handles the records of one event: several at the same time, those of a FIFO message group in order."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from weakref import finalize

from ..errors import ConfigurationError
from .record_handler import EventRecord, RecordHandler
from .time_left import TimeLeft

Sequences = Sequence[Sequence[EventRecord]]
"""Records that are handled in order, one after the other; different sequences run at the same time."""


def in_sequences(records: Iterable[EventRecord], *, fifo: bool) -> Sequences:
    """Return each record by itself or, from a FIFO queue, the records of each message group."""
    if not fifo:
        return [[record] for record in records]
    groups: dict[str | None, list[EventRecord]] = {}
    for record in records:
        groups.setdefault(record.delivery.group, []).append(record)
    return list(groups.values())


class RecordBatch:
    """Handles events in the calling thread, in threads or in an event loop, which it keeps between events.

    Args:
        concurrency: records that are handled at the same time.
    """

    def __init__(self, concurrency: int) -> None:
        """Raises ConfigurationError for a concurrency that is not a whole number of 1 or more."""
        if not isinstance(concurrency, int) or concurrency < 1:
            raise ConfigurationError(f"concurrency={concurrency!r}: give a whole number, 1 or more")
        self._concurrency = concurrency
        self._runner: asyncio.Runner | None = None
        self._threads = ThreadPoolExecutor(concurrency, "pubsub-record") if concurrency > 1 else None

    def run(self, sequences: Sequences, handler: RecordHandler, left: TimeLeft) -> None:
        """Handle records in order within each sequence.

        A record that is not done ends its sequence: what follows is not started.
        """
        if handler.has_coroutines:
            self._run_in_loop(self._runner or self._make_runner(), sequences, handler, left)
        elif self._threads is None or len(sequences) == 1:
            for sequence in sequences:
                _handle(sequence, handler, left)
        else:
            list(self._threads.map(lambda sequence: _handle(sequence, handler, left), sequences))

    def _make_runner(self) -> asyncio.Runner:
        self._runner = runner = asyncio.Runner()
        finalize(self, runner.get_loop().close)
        return runner

    def _run_in_loop(
        self, runner: asyncio.Runner, sequences: Sequences, handler: RecordHandler, left: TimeLeft
    ) -> None:
        waiting = deque(sequences)

        async def work() -> None:
            while waiting:
                for record in waiting.popleft():
                    # In a task of its own, whose context and cancellation are those of one record.
                    await asyncio.create_task(handler.handle_async(record, left))
                    if not record.is_done:
                        break

        async def work_all() -> None:
            await asyncio.gather(*(work() for _ in range(min(self._concurrency, len(sequences)))))

        if not _loop_runs():
            runner.run(work_all(), context=copy_context())
            return
        with ThreadPoolExecutor(1) as thread:  # a loop of the caller's runs in this one
            thread.submit(runner.run, work_all(), context=copy_context()).result()


def _handle(sequence: Sequence[EventRecord], handler: RecordHandler, left: TimeLeft) -> None:
    for record in sequence:
        handler.handle(record, left)
        if not record.is_done:
            return


def _loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
