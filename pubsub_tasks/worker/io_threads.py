"""The I/O threads of a worker: they poll and settle, and wait for the next due time."""

from collections.abc import Callable
from threading import Thread

from ..in_flight.commands import Poll
from ..lifecycle import forks
from .coordinator import Coordinator
from .receiver import Receiver
from .settler import Settler

OnCrash = Callable[[BaseException], None]


class IOThreads:
    """Threads that carry out polls and settlements while slots run handlers."""

    def __init__(
        self, coordinator: Coordinator, receiver: Receiver, settler: Settler, count: int, on_crash: OnCrash
    ) -> None:
        self._coordinator = coordinator
        self._receiver = receiver
        self._settler = settler
        self._threads = [
            guarded_thread(f"pubsub-io-{number}", self._work, on_crash) for number in range(count)
        ]

    def start(self) -> None:
        """Start all threads. They end once the coordinator has no more jobs."""
        for each in self._threads:
            each.start()

    def _work(self) -> None:
        while (job := self._coordinator.io_job()) is not None:
            if isinstance(job, Poll):
                self._receiver.receive(job)
            else:
                self._settler.carry_out(job)


def guarded_thread(name: str, work: Callable[[], None], on_crash: OnCrash) -> Thread:
    """Return a daemon thread, not started, that passes an exception of `work` to `on_crash`."""

    def guarded() -> None:
        generation = forks.generation
        try:
            work()
        except BaseException as error:
            forks.exit_if_forked(generation, error)
            on_crash(error)

    return Thread(target=guarded, name=name, daemon=True)
