"""Threads and a loop in which handlers run: how they start, go on and end."""

import asyncio
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


def slots(crashed: list[BaseException], station: Station | None = None) -> CoroutineSlots:
    async def handle(held: Held) -> Verdict:
        return Ack()

    clock = VirtualClock()
    station = station or Station(InFlight(Limits(0, 1)), clock, threads=0)
    return CoroutineSlots(station, handle, 1, crashed.append)


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
        def coroutine_job(self, held: Held | None = None, verdict: Verdict | None = None) -> Held | None:
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
    worker = shop.worker()
    worker.start()
    wait(started)
    shop.send_bodies("the end")

    assert not worker.stop(0)
    wait(cancelled)
    assert worker.tally.acked == worker.tally.retried == 0
    assert shop.queue.attributes().in_flight >= 1


def test_handlers_that_await_nothing_let_the_loop_turn() -> None:
    # Given a queue that has one more message for a long time, and somebody who wants a turn of the loop
    class Long(Station):
        handled = 0
        turned_at: int | None = None

        def coroutine_job(self, held: Held | None = None, verdict: Verdict | None = None) -> Held | None:
            self.handled += 1
            if self.handled == 2:
                asyncio.get_running_loop().call_soon(self.turn)
            return ANY if self.handled < 200_000 else None

        def turn(self) -> None:
            self.turned_at = self.handled

    station = Long(InFlight(Limits(0, 1)), VirtualClock(), threads=0)
    made = slots([], station)

    # When a coroutine goes on from message to message
    made.start()
    made.ready()

    # Then the turn comes before all of them are handled
    until(lambda: station.turned_at is not None)
    made.stop()
    assert station.turned_at is not None
    assert station.turned_at < 200_000
