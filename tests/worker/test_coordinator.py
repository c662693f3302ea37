"""The coordinator: which thread gets which job. The clock is virtual."""

from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from pubsub_tasks.in_flight.commands import LONG_POLL, SHORT_POLL, ChangeVisibility, Delete, Job, Poll
from pubsub_tasks.in_flight.in_flight_message import InFlightMessage, Limits, SlotKind
from pubsub_tasks.in_flight.leases import VisibilityLease
from pubsub_tasks.in_flight.polls import RunLimit
from pubsub_tasks.in_flight.state_machine import InFlight
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.verdicts import Ack
from pubsub_tasks.worker.coordinator import Coordinator
from tests.samples import delivery
from tests.worker.shop import PATIENCE, until


class Scene:
    """A coordinator with a virtual clock, and simulated receives."""

    def __init__(self, threads: int = 2, coroutines: int = 0, *, run_limit: RunLimit | None = None) -> None:
        self.clock = VirtualClock(1000.0)
        self.inflight = InFlight(Limits(threads, coroutines, receivers=2))
        self.coordinator = Coordinator(self.inflight, self.clock, threads=threads, run_limit=run_limit)

    def receive(self, poll: Job | None, *kinds: SlotKind, at_once: float = 3.0) -> list[InFlightMessage]:
        """Report that a poll received a message for each kind; `at_once` such polls fit on a core."""
        assert isinstance(poll, Poll)
        members = [
            InFlightMessage(delivery(), VisibilityLease(self.clock(), 30, self.clock), kind, None)
            for kind in kinds
        ]
        with self.coordinator as inflight:
            inflight.received(members, poll.asked, self.clock(), at_once)
            self.coordinator.run_limit.poll_finished(len(members), inflight.idle)
        return members

    def handle(self, message: Job | None, seconds: float) -> Job | None:
        """Report that a slot handled a message in `seconds`, and return its next job."""
        assert isinstance(message, InFlightMessage)
        self.clock.advance(seconds)
        return self.coordinator.slot_job(message, Ack())


def test_a_free_slot_polls_runs_what_comes_and_polls_again() -> None:
    scene = Scene()
    poll = scene.coordinator.slot_job()
    first, second = scene.receive(poll, SlotKind.THREAD, SlotKind.THREAD)

    assert scene.coordinator.slot_job() is first
    assert scene.handle(first, 0.0001) is second
    assert isinstance(scene.handle(second, 0.0001), Poll)


def test_the_first_poll_is_short_and_an_idle_one_long() -> None:
    scene = Scene()
    poll = scene.coordinator.slot_job()
    scene.receive(poll)
    again = scene.coordinator.slot_job()

    assert isinstance(poll, Poll)
    assert isinstance(again, Poll)
    assert (poll.wait, again.wait) == (SHORT_POLL, LONG_POLL)


def test_quick_handlers_make_a_slot_delete_its_own_batch() -> None:
    # Given calls that mostly use the CPU, as on one machine
    scene = Scene(threads=10)
    members = scene.receive(scene.coordinator.slot_job(), *[SlotKind.THREAD] * 10, at_once=1.5)
    job = scene.coordinator.slot_job()
    for _ in members:
        job = scene.handle(job, 0.00001)

    assert isinstance(job, Delete)
    assert len(job.messages) == 10


def test_over_a_network_an_io_thread_deletes_while_the_slot_polls() -> None:
    # Given an I/O thread that waits as the timer, and calls that mostly wait for the network
    scene = Scene(threads=10)
    members = scene.receive(scene.coordinator.slot_job(), *[SlotKind.THREAD] * 10, at_once=20.0)
    with ThreadPoolExecutor(1) as pool:
        io_thread = pool.submit(scene.coordinator.io_job)
        until(lambda: scene.coordinator._io_threads.has_timer)

        # When a slot has handled a batch
        job = scene.coordinator.slot_job()
        for _ in members:
            job = scene.handle(job, 0.00001)

        # Then it polls, and the I/O thread is woken to delete
        assert isinstance(job, Poll)
        deleting = io_thread.result(PATIENCE)
        assert isinstance(deleting, Delete)
        assert len(deleting.messages) == 10


def test_slow_handlers_leave_polls_and_deletes_to_io_threads() -> None:
    scene = Scene()
    with ThreadPoolExecutor(1) as pool:
        scene.receive(scene.coordinator.slot_job(), SlotKind.THREAD)
        job = scene.coordinator.slot_job()
        slot: Future[Job | None] = pool.submit(scene.handle, job, 1.0)

        assert isinstance(scene.coordinator.io_job(), Poll)
        scene.coordinator.drain()
        assert slot.result(PATIENCE) is None
        assert isinstance(scene.coordinator.io_job(), Delete)


def test_after_a_failed_receive_a_slot_polls_once_the_pause_is_over() -> None:
    # Given a slot whose poll failed, and an I/O thread that waits as the timer
    scene = Scene(threads=1)
    poll = scene.coordinator.slot_job()
    with ThreadPoolExecutor(2) as pool:
        io_thread = pool.submit(scene.coordinator.io_job)
        assert isinstance(poll, Poll)
        scene.coordinator.pause_polls(0.05)
        with scene.coordinator as inflight:
            inflight.received([], poll.asked, scene.clock())
        slot = pool.submit(scene.coordinator.slot_job)
        until(lambda: scene.coordinator._free_slots == 1)
        # When the pause is over
        scene.clock.advance(0.05)
        # Then the slot leads again without any event
        assert isinstance(slot.result(PATIENCE), Poll)
        scene.coordinator.drain()
        with scene.coordinator as inflight:
            inflight.received([], poll.asked, scene.clock())
        assert io_thread.result(PATIENCE) is None


def test_messages_released_while_draining_are_the_last_job_of_an_io_thread() -> None:
    scene = Scene()
    poll = scene.coordinator.slot_job()
    scene.coordinator.drain()
    members = scene.receive(poll, SlotKind.THREAD)

    job = scene.coordinator.io_job()
    assert job == ChangeVisibility(members)
    with scene.coordinator as inflight:
        inflight.settled(members, 0.0)
    assert scene.coordinator.io_job() is None
    assert scene.coordinator.slot_job() is None
    assert scene.coordinator.wait_until_idle(0)


def test_a_coroutine_that_can_start_is_announced() -> None:
    scene = Scene(threads=1, coroutines=1)
    calls: list[str] = []
    scene.coordinator.on_coroutine_ready = lambda: calls.append("called")
    (message,) = scene.receive(scene.coordinator.slot_job(), SlotKind.COROUTINE)

    assert calls
    assert scene.coordinator.coroutine_jobs([], 1) == [message]
    assert scene.coordinator.coroutine_jobs([], 1) == []


def test_a_full_event_loop_is_left_alone_until_a_handler_ends() -> None:
    # Given a handler that runs in the only slot, and another message that is ready
    scene = Scene(threads=0, coroutines=1)
    calls: list[str] = []
    scene.coordinator.on_coroutine_ready = lambda: calls.append("called")
    first, second = scene.receive(scene.coordinator.io_job(), SlotKind.COROUTINE, SlotKind.COROUTINE)
    assert scene.coordinator.coroutine_jobs([], 1) == [first]
    assert scene.coordinator.coroutine_jobs([], 0) == []
    calls.clear()

    # When anything happens
    with scene.coordinator:
        scene.clock.advance(1.0)

    # Then the loop, which could start nothing, is not woken, and has the message when it asks
    assert calls == []
    assert scene.coordinator.coroutine_jobs([(first, Ack())], 1) == [second]


def test_an_event_loop_with_a_free_slot_is_woken_while_a_handler_runs() -> None:
    scene = Scene(threads=0, coroutines=2)
    calls: list[str] = []
    scene.coordinator.on_coroutine_ready = lambda: calls.append("called")
    (first,) = scene.receive(scene.coordinator.io_job(), SlotKind.COROUTINE)
    assert scene.coordinator.coroutine_jobs([], 2) == [first]
    calls.clear()

    (second,) = scene.receive(scene.coordinator.io_job(), SlotKind.COROUTINE)

    assert calls
    assert scene.coordinator.coroutine_jobs([], 1) == [second]


@pytest.mark.parametrize("brought", [0, 2])
def test_a_run_limit_of_one_receive_makes_one_poll(brought: int) -> None:
    scene = Scene(threads=2, run_limit=RunLimit(once=True))
    finished: list[str] = []
    scene.coordinator.on_finished = lambda: finished.append("finished")
    poll = scene.coordinator.slot_job()
    scene.receive(poll, *[SlotKind.THREAD] * brought)
    with ThreadPoolExecutor(1) as pool:
        for _ in range(brought):
            assert finished == []
            job = scene.coordinator.slot_job()
            assert isinstance(job, InFlightMessage)
            with scene.coordinator:
                scene.coordinator._finish(job, Ack(), scene.clock())
        assert finished == ["finished"]
        idle = pool.submit(scene.coordinator.slot_job)
        until(lambda: scene.coordinator._free_slots == 1)
        scene.coordinator.drain()
        assert idle.result(PATIENCE) is None


def test_a_full_poll_beside_another_wakes_one_more_to_lead() -> None:
    # Given quick handlers, two polls that are worth making, and a slot that has nothing to do
    scene = Scene(threads=15)
    first = scene.coordinator.slot_job()
    for _ in scene.receive(first, *[SlotKind.THREAD] * 10):
        first = scene.handle(
            first if isinstance(first, InFlightMessage) else scene.coordinator.slot_job(), 0.00001
        )
    second = scene.coordinator.slot_job()
    assert isinstance(first, Poll)
    assert isinstance(second, Poll)
    with ThreadPoolExecutor(1) as pool:
        idle = pool.submit(scene.coordinator.slot_job)
        until(lambda: scene.coordinator._free_slots == 1)

        # When one of them comes back full
        members = scene.receive(first, *[SlotKind.THREAD] * 10)

        # Then that slot takes part, and soon polls
        assert idle.result(PATIENCE) is members[0]


def test_the_message_of_an_abandoned_thread_is_settled() -> None:
    scene = Scene(threads=1)
    (message,) = scene.receive(scene.coordinator.slot_job(), SlotKind.THREAD)
    assert scene.coordinator.slot_job() is message

    scene.coordinator.abandon(message, Ack())

    assert scene.coordinator.running == set()
    assert isinstance(scene.coordinator.slot_job(), Poll)
