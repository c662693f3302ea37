"""Threads and a loop in which handlers run: how they start, go on and end."""

import asyncio
from collections.abc import Iterable
from contextvars import ContextVar
from threading import Event

from pubsub_tasks.consuming.executors import CoroutineSlots, thread
from pubsub_tasks.consuming.held import Held, Kind, Limits
from pubsub_tasks.consuming.inflight import InFlight
from pubsub_tasks.consuming.leases import Hold
from pubsub_tasks.consuming.station import Station
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.verdicts import Ack, Verdict
from tests.samples import delivery

from .shops import PATIENCE, Shop, Word, body, until, wait

ANY = Held(delivery(), Hold(0.0, 30.0, VirtualClock()), Kind.COROUTINE, None)


def slots(crashed: list[BaseException], station: Station | None = None, count: int = 1) -> CoroutineSlots:
    async def handle(held: Held) -> Verdict:
        return Ack()

    clock = VirtualClock()
    station = station or Station(InFlight(Limits(0, 1)), clock, threads=0)
    return CoroutineSlots(station, handle, count, crashed.append)


def test_how_a_thread_failed_is_told() -> None:
    crashed: list[BaseException] = []

    def work() -> None:
        raise RuntimeError("a fault of ours")

    failing = thread("failing", work, crashed.append)
    failing.start()
    failing.join(PATIENCE)

    assert [str(error) for error in crashed] == ["a fault of ours"]


def test_a_fault_in_the_loop_s_own_callbacks_is_told() -> None:
    class Broken(Station):
        def coroutine_jobs(self, finished: Iterable[tuple[Held, Verdict]], slots: int) -> list[Held]:
            raise RuntimeError("a fault of ours")

    crashed: list[BaseException] = []
    made = slots(crashed, Broken(InFlight(Limits(0, 1)), VirtualClock(), threads=0))
    made.start()
    made.ready()

    until(lambda: crashed != [])
    made.stop()
    assert str(crashed[0]) == "a fault of ours"


def test_a_loop_that_has_ended_is_called_in_vain() -> None:
    made = slots([])
    made.start()
    made.stop()

    assert made.thread.is_alive() is False
    assert made.call(Event().set) is False
    made.ready()


def test_a_coroutine_that_is_cut_at_the_end_is_cancelled_and_its_message_comes_back() -> None:
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
    assert worker.tally.acked == worker.tally.retried == 0
    assert shop.queue.attributes().in_flight >= 1


def test_what_ends_in_one_turn_of_the_loop_is_told_at_once_and_in_order() -> None:
    # Given a station that has three messages to begin with
    class Counting(Station):
        told: list[list[Held]]

        def coroutine_jobs(self, finished: Iterable[tuple[Held, Verdict]], slots: int) -> list[Held]:
            self.told.append([held for held, _ in finished])
            return members[:slots] if len(self.told) == 1 else []

    members = [Held(delivery(), ANY.hold, Kind.COROUTINE, None) for _ in range(3)]
    station = Counting(InFlight(Limits(0, 3)), VirtualClock(), threads=0)
    station.told = []
    made = slots([], station, count=3)

    # When they are handled
    made.start()
    made.ready()

    # Then the station is asked once for all of them, and their slots are free
    until(lambda: len(station.told) == 2)
    made.stop()
    assert station.told == [[], members]
    assert not made.running


def test_what_waits_over_a_turn_of_the_loop_is_told_all_the_same() -> None:
    # Given a handler that is in the middle of a message while others come and go
    shop = Shop()
    go_on = Event()

    @shop.task(Word)
    async def read(word: str) -> None:
        while word == "slow" and not go_on.is_set():
            await asyncio.sleep(0.001)

    def send(word: str) -> None:
        shop.send_bodies(body(Word.MEDIA_TYPE, word=word))

    with shop.working(coroutines=2, prefetch=0) as worker:
        send("slow")
        for _ in range(3):
            send("quick")
            assert shop.facts.verdicts(1) == [Ack()]

        # When it ends
        go_on.set()

        # Then it is counted and deleted like the others
        until(lambda: worker.tally.acked == 4)


def test_no_more_run_at_once_than_there_are_slots() -> None:
    # Given two slots, more messages than that in hand, and handlers that wait for each other
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
    with shop.working(coroutines=2, prefetch=10):
        assert shop.facts.verdicts(10) == [Ack()] * 10

    # Then two ran side by side, and never three
    assert max(most) == 2


def test_what_a_handler_sets_is_not_for_those_after_it() -> None:
    shop = Shop()
    user: ContextVar[str] = ContextVar("user", default="nobody")
    seen: list[str] = []

    @shop.task(Word)
    async def read(word: str) -> None:
        seen.append(user.get())
        user.set(word)

    shop.send_bodies(*(body(Word.MEDIA_TYPE, word=str(number)) for number in range(3)))
    with shop.working(coroutines=1, prefetch=10):
        shop.facts.verdicts(3)

    assert seen == ["nobody"] * 3


def test_a_fault_while_a_message_is_handled_is_told() -> None:
    class One(Station):
        asked = 0

        def coroutine_jobs(self, finished: Iterable[tuple[Held, Verdict]], slots: int) -> list[Held]:
            self.asked += 1
            return [ANY] if self.asked == 1 else []

    async def handle(held: Held) -> Verdict:
        raise RuntimeError("a fault of ours")

    crashed: list[BaseException] = []
    made = CoroutineSlots(One(InFlight(Limits(0, 1)), VirtualClock(), threads=0), handle, 1, crashed.append)
    made.start()
    made.ready()

    until(lambda: crashed != [])
    made.stop()
    assert str(crashed[0]) == "a fault of ours"


def test_handlers_that_await_nothing_let_the_loop_turn() -> None:
    # Given a queue that has one more message for a long time, and somebody who wants a turn of the loop
    class Long(Station):
        handled = 0
        turn_came_at: int | None = None

        def coroutine_jobs(self, finished: Iterable[tuple[Held, Verdict]], slots: int) -> list[Held]:
            self.handled += 1
            if self.handled == 2:
                asyncio.get_running_loop().call_soon(self.turn)
            return [ANY] if self.handled < 200_000 else []

        def turn(self) -> None:
            self.turn_came_at = self.handled

    station = Long(InFlight(Limits(0, 1)), VirtualClock(), threads=0)
    made = slots([], station)

    # When one message is handled after the other
    made.start()
    made.ready()

    # Then the turn comes before all of them are handled
    until(lambda: station.turn_came_at is not None)
    station.handled = 200_000
    made.stop()
    assert station.turn_came_at is not None
    assert station.turn_came_at < 200_000
