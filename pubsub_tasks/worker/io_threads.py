"""I/O threads: they poll, settle, and wait for what is due next."""

from collections.abc import Callable
from threading import Thread

from ..inflight.commands import Poll
from ..lifecycle import forks
from .coordinator import Coordinator
from .receiver import Receiver
from .settler import Settler

Crashed = Callable[[BaseException], None]


class IOThreads:
    """I/O threads: polls and settlements, and the keeping of time."""

    def __init__(
        self, coordinator: Coordinator, receiver: Receiver, settler: Settler, count: int, crashed: Crashed
    ) -> None:
        self._coordinator = coordinator
        self._receiver = receiver
        self._settler = settler
        self._threads = [thread(f"pubsub-hand-{number}", self._work, crashed) for number in range(count)]

    def start(self) -> None:
        for each in self._threads:
            each.start()

    def _work(self) -> None:
        while (job := self._coordinator.hand_job()) is not None:
            if isinstance(job, Poll):
                self._receiver.receive(job)
            else:
                self._settler.carry_out(job)


def thread(name: str, work: Callable[[], None], crashed: Crashed) -> Thread:
    """A daemon thread, not started, that tells how it failed."""

    def guarded() -> None:
        born = forks.generation
        try:
            work()
        except BaseException as error:
            forks.exit_if_forked(born, error)
            crashed(error)

    return Thread(target=guarded, name=name, daemon=True)
