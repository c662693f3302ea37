"""The slots in which plain functions run, which are threads; see `coroutines/` for coroutine functions.

Each slot asks the coordinator for a job, carries it out, and asks again. An exception that ends a thread is
passed to `on_crash`: a worker that continued with too few threads would look alive and do nothing.
"""

from collections.abc import Callable
from contextvars import Context
from itertools import count

from ..in_flight.commands import Poll
from ..in_flight.in_flight_message import InFlightMessage
from ..lifecycle import forks
from ..verdicts import Verdict
from .coordinator import Coordinator
from .io_threads import OnCrash, guarded_thread
from .receiver import Receiver
from .settler import Settler

Process = Callable[[InFlightMessage], Verdict | None]


class ThreadSlots:
    """One thread for each slot. While handlers are quick, one of them also polls and deletes.

    `process` returns None if the thread was abandoned meanwhile: the thread ends, and another has its slot.
    """

    def __init__(
        self,
        coordinator: Coordinator,
        receiver: Receiver,
        settler: Settler,
        process: Process,
        on_crash: OnCrash,
    ) -> None:
        self._coordinator = coordinator
        self._receiver = receiver
        self._settler = settler
        self._process = process
        self._on_crash = on_crash
        self._numbers = count()

    def start(self, slots: int = 1) -> None:
        """Start this number of slots in addition."""
        for _ in range(slots):
            guarded_thread(f"pubsub-slot-{next(self._numbers)}", self._work, self._on_crash).start()

    def _work(self) -> None:
        generation, job = forks.generation, self._coordinator.slot_job()
        while job is not None:
            if isinstance(job, InFlightMessage):
                verdict = Context().run(self._process, job)  # context variables do not reach the next handler
                forks.exit_if_forked(generation)
                if verdict is None:
                    return
                job = self._coordinator.slot_job(job, verdict)
                continue
            if isinstance(job, Poll):
                self._receiver.receive(job)
            else:
                self._settler.carry_out(job)
            job = self._coordinator.slot_job()
