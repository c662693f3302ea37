"""The slots in which handlers run: threads and the event loop."""

import asyncio
from collections.abc import Iterable
from contextvars import ContextVar
from threading import Event

from pubsub_tasks.in_flight.in_flight_message import InFlightMessage, Limits, SlotKind
from pubsub_tasks.in_flight.leases import VisibilityLease
from pubsub_tasks.in_flight.state_machine import InFlight
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.verdicts import Ack, Verdict
from pubsub_tasks.worker.coordinator import Coordinator
from pubsub_tasks.worker.coroutines.coroutine_slots import CoroutineSlots
from pubsub_tasks.worker.io_threads import guarded_thread
from tests.samples import delivery
from tests.worker.shop import PATIENCE, Shop, Word, body, until, wait

ANY = InFlightMessage(delivery(), VisibilityLease(0.0, 30.0, VirtualClock()), SlotKind.COROUTINE, None)


def slots(
    crashed: list[BaseException], coordinator: Coordinator | None = None, count: int = 1
) -> CoroutineSlots:
    async def handle(message: InFlightMessage) -> Verdict:
        return Ack()

    clock = VirtualClock()
    coordinator = coordinator or Coordinator(InFlight(Limits(0, 1)), clock, threads=0)
    return CoroutineSlots(coordinator, handle, count, crashed.append)


def test_an_exception_that_ends_a_thread_is_reported() -> None:
    crashed: list[BaseException] = []

    def work() -> None:
        raise RuntimeError("an internal fault")

    failing = guarded_thread("failing", work, crashed.append)
    failing.start()
    failing.join(PATIENCE)

    assert [str(error) for error in crashed] == ["an internal fault"]


def test_a_fault_in_a_callback_of_the_event_loop_is_reported() -> None:
    class Broken(Coordinator):
        def coroutine_jobs(
            self, finished: Iterable[tuple[InFlightMessage, Verdict]], slots: int
        ) -> list[InFlightMessage]:
            raise RuntimeError("an internal fault")

    crashed: list[BaseException] = []
    made = slots(crashed, Broken(InFlight(Limits(0, 1)), VirtualClock(), threads=0))
    made.start()
    made.wake()

    until(lambda: crashed != [])
    made.stop()
    assert str(crashed[0]) == "an internal fault"


def test_calls_to_an_event_loop_that_has_ended_return_false() -> None:
    made = slots([])
    made.start()
    made.stop()

    assert made.thread.is_alive() is False
    assert made.call(Event().set) is False
    made.wake()


def test_a_coroutine_that_outlasts_the_grace_is_cancelled_and_its_message_stays() -> None:
    shop = Shop()
    started, cancelled = Event(), Event()

    @shop.task(Word)
    async def read(word: str) -> None:
        started.set()
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    shop.send_bodies(body(Word.MEDIA_TYPE, word="hello"))
    worker, crashes = shop.worker(), []
    worker.on_crash = lambda: crashes.append("crashed")
    worker.start()
    wait(started)
    shop.send_bodies("the end")

    assert not worker.stop(0)
    wait(cancelled)
    assert crashes == []
    assert worker.counters.acked == worker.counters.retried == 0
    assert shop.queue.attributes().in_flight >= 1


def test_messages_that_finish_in_one_iteration_of_the_loop_are_reported_together_in_order() -> None:
    # Given a coordinator with three messages
    class Counting(Coordinator):
        reported: list[list[InFlightMessage]]

        def coroutine_jobs(
            self, finished: Iterable[tuple[InFlightMessage, Verdict]], slots: int
        ) -> list[InFlightMessage]:
            self.reported.append([message for message, _ in finished])
            return members[:slots] if len(self.reported) == 1 else []

    members = [InFlightMessage(delivery(), ANY.lease, SlotKind.COROUTINE, None) for _ in range(3)]
    coordinator = Counting(InFlight(Limits(0, 3)), VirtualClock(), threads=0)
    coordinator.reported = []
    made = slots([], coordinator, count=3)

    # When they are handled
    made.start()
    made.wake()

    # Then they are reported in one call, and their slots are free
    until(lambda: len(coordinator.reported) == 2)
    made.stop()
    assert coordinator.reported == [[], members]
    assert not made.running


def test_a_message_that_spans_iterations_of_the_loop_is_reported() -> None:
    # Given a handler that is in the middle of a message while others come and go
    shop = Shop()
    go_on = Event()

    @shop.task(Word)
    async def read(word: str) -> None:
        while word == "slow" and not go_on.is_set():
            await asyncio.sleep(0.001)

    def send(word: str) -> None:
        shop.send_bodies(body(Word.MEDIA_TYPE, word=word))

    with shop.running_worker(coroutines=2, prefetch=0) as worker:
        send("slow")
        for _ in range(3):
            send("quick")
            assert shop.events.verdicts(1) == [Ack()]

        # When it ends
        go_on.set()

        # Then it is counted and deleted like the others
        until(lambda: worker.counters.acked == 4)


def test_no_more_run_at_once_than_there_are_slots() -> None:
    # Given two slots, more messages in flight than slots, and handlers that wait for each other
    shop = Shop()
    running: set[str] = set()
    most: list[int] = []
    pair = Event()

    @shop.task(Word)
    async def read(word: str) -> None:
        running.add(word)
        most.append(len(running))
        if len(running) == 2:
            pair.set()
        while not pair.is_set():
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.001)
        running.discard(word)

    shop.send_bodies(*(body(Word.MEDIA_TYPE, word=str(number)) for number in range(10)))

    # When they are handled
    with shop.running_worker(coroutines=2, prefetch=10):
        assert shop.events.verdicts(10) == [Ack()] * 10

    # Then two ran side by side, and never three
    assert max(most) == 2


def test_context_variables_of_a_handler_do_not_reach_the_next() -> None:
    shop = Shop()
    user: ContextVar[str] = ContextVar("user", default="nobody")
    seen: list[str] = []

    @shop.task(Word)
    async def read(word: str) -> None:
        seen.append(user.get())
        user.set(word)

    shop.send_bodies(*(body(Word.MEDIA_TYPE, word=str(number)) for number in range(3)))
    with shop.running_worker(coroutines=1, prefetch=10):
        shop.events.verdicts(3)

    assert seen == ["nobody"] * 3


def test_a_fault_while_a_message_is_processed_is_reported() -> None:
    class One(Coordinator):
        asked = 0

        def coroutine_jobs(
            self, finished: Iterable[tuple[InFlightMessage, Verdict]], slots: int
        ) -> list[InFlightMessage]:
            self.asked += 1
            return [ANY] if self.asked == 1 else []

    async def handle(message: InFlightMessage) -> Verdict:
        raise RuntimeError("an internal fault")

    crashed: list[BaseException] = []
    made = CoroutineSlots(One(InFlight(Limits(0, 1)), VirtualClock(), threads=0), handle, 1, crashed.append)
    made.start()
    made.wake()

    until(lambda: crashed != [])
    made.stop()
    assert str(crashed[0]) == "an internal fault"


def test_handlers_that_await_nothing_do_not_starve_the_event_loop() -> None:
    # Given a queue with many messages, and a callback that waits for the event loop
    class Long(Coordinator):
        handled = 0
        turn_came_at: int | None = None

        def coroutine_jobs(
            self, finished: Iterable[tuple[InFlightMessage, Verdict]], slots: int
        ) -> list[InFlightMessage]:
            self.handled += 1
            if self.handled == 2:
                asyncio.get_running_loop().call_soon(self.turn)
            return [ANY] if self.handled < 200_000 else []

        def turn(self) -> None:
            self.turn_came_at = self.handled

    coordinator = Long(InFlight(Limits(0, 1)), VirtualClock(), threads=0)
    made = slots([], coordinator)

    # When one message is handled after the other
    made.start()
    made.wake()

    # Then the turn comes before all of them are handled
    until(lambda: coordinator.turn_came_at is not None)
    coordinator.handled = 200_000
    made.stop()
    assert coordinator.turn_came_at is not None
    assert coordinator.turn_came_at < 200_000
