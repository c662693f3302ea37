"""The I/O threads of a worker: they poll and settle, and wait for the next due time."""

from collections.abc import Callable
from math import inf
from threading import Condition, Lock, Thread

from ..in_flight.commands import LONG_POLL, Command, Poll
from ..lifecycle import forks

OnCrash = Callable[[BaseException], None]


class IOThreads:
    """Threads that carry out polls and settlements while slots run handlers.

    Args:
        next_job: waits for the next job of a thread and returns it, or None if there are no more.
        receive: carries out a poll.
        settle: carries out any other job.
        count: how many threads.
        on_crash: called with an exception that ends a thread.
    """

    def __init__(
        self,
        next_job: Callable[[], Poll | Command | None],
        receive: Callable[[Poll], None],
        settle: Callable[[Command], None],
        count: int,
        on_crash: OnCrash,
    ) -> None:
        self._next_job = next_job
        self._receive = receive
        self._settle = settle
        self._threads = [
            guarded_thread(f"pubsub-io-{number}", self._work, on_crash) for number in range(count)
        ]

    def start(self) -> None:
        """Start all threads. They end once the coordinator has no more jobs."""
        for each in self._threads:
            each.start()

    def _work(self) -> None:
        while (job := self._next_job()) is not None:
            if isinstance(job, Poll):
                self._receive(job)
            else:
                self._settle(job)


class IdleIOThreads:
    """The I/O threads that wait for a job. One of them, the timer, waits until the next job is due.

    Each method is called with the lock held.

    Attributes:
        timer_due_at: until when the timer waits, on the worker's clock; infinity if no thread is the timer.
    """

    def __init__(self, lock: Lock) -> None:
        self._others = Condition(lock)
        self._timer = Condition(lock)
        self._count_of_others = 0
        self.timer_due_at = inf

    @property
    def has_timer(self) -> bool:
        """Whether a thread is the timer."""
        return self.timer_due_at < inf

    def wait(self, now: float, next_due: Callable[[float], float]) -> None:
        """Wait for a job in the current thread, until `next_due(now)` if it becomes the timer."""
        if self.has_timer:
            self._count_of_others += 1
            self._others.wait()
            self._count_of_others -= 1
            return
        self.timer_due_at = min(next_due(now), now + LONG_POLL)
        self._timer.wait(max(0.001, self.timer_due_at - now))
        self.timer_due_at = inf

    def wake(self, now: float, due: float) -> None:
        """Wake a thread for a job that is due now, or the timer for one that is due before it wakes.

        Without a timer a thread is awake that will wait for that job itself.
        """
        if due <= now and self._count_of_others:
            self._others.notify()
        elif due < self.timer_due_at:
            self._timer.notify()

    def replace_timer(self) -> None:
        """Wake a thread to become the timer if there is none."""
        if not self.has_timer:
            self._others.notify()

    def wake_all(self) -> None:
        """Wake all threads."""
        self._timer.notify()
        self._others.notify_all()


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
