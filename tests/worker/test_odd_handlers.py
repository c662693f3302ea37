"""Whatever a handler raises or returns, no thread or slot is lost and other messages are not affected."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from threading import Event
from typing import Any

import pytest
from marshmallow import fields, post_load
from tenacity import retry_if_exception_type, retry_if_result, stop_after_attempt

from pubsub_tasks import Delivery, PubSubMessageSchema
from pubsub_tasks.dispatching.dispatcher import HandlerCall
from pubsub_tasks.in_flight.in_flight_message import InFlightMessage, SlotKind
from pubsub_tasks.signals import Nack
from pubsub_tasks.tasks.events import Event as WorkerEvent
from pubsub_tasks.telemetry.log_observer import LogObserver
from pubsub_tasks.telemetry.recent_activity import RecentActivity
from pubsub_tasks.verdicts import Ack, DeadLetter, Retry, Verdict
from pubsub_tasks.wire.records import EntryFailure, Outgoing
from pubsub_tasks.worker.worker import Worker
from tests.odd import RAISED, odd_errors, odd_result, odd_signals
from tests.worker.shop import FlakyQueue, Shop, Word, body, until, wait

ODD = [error for raised in RAISED for error in odd_errors(raised)]
BASES = [KeyboardInterrupt("from a handler"), SystemExit(3), GeneratorExit(), asyncio.CancelledError()]


class Bench:
    """Runs a worker with two thread slots and two coroutine slots, and records crashes."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.crashes: list[str] = []
        self.recent = RecentActivity(lambda: 0.0)

    def handled(self, count: int) -> list[Verdict]:
        """Return the verdicts on `count` messages."""
        observers = [self.shop.events, LogObserver(), self.recent]
        worker = self.shop.worker(threads=2, coroutines=2, observers=observers)
        worker.on_crash = lambda: self.crashes.append("crashed")
        worker.start()
        verdicts: list[Verdict] = self.shop.events.verdicts(count)
        assert self.shop.stop(worker), "a slot or a thread is gone"
        assert self.crashes == []
        return verdicts


def raising(shop: Shop, errors: list[Any], is_async: bool, **policy: Any) -> None:
    """Declare a task that raises the error with the number of its message, and succeeds beyond the last."""

    def act(number: int) -> None:
        if number < len(errors):
            raise errors[number]

    async def act_async(number: int) -> None:
        act(number)

    shop.task(**policy)(act_async if is_async else act)
    shop.send_all(range(len(errors) + 4))


@pytest.mark.parametrize("timeout", [None, 30.0])
@pytest.mark.parametrize("is_async", [False, True], ids=["threads", "coroutines"])
def test_a_message_whose_handler_raises_an_odd_exception_is_dead_lettered(
    is_async: bool, timeout: float | None, caplog: pytest.LogCaptureFixture
) -> None:
    # Given handlers that raise exceptions of which nothing can be asked
    shop, errors = Shop(), [*ODD, *BASES]
    raising(shop, errors, is_async, stop=stop_after_attempt(1), timeout=timeout)
    caplog.set_level(logging.DEBUG, "pubsub_tasks.messages")

    # When a worker with all observers of its own handles them
    bench = Bench(shop)
    verdicts = bench.handled(len(errors) + 4)

    # Then each is dead-lettered, logged, counted and recorded, and the other messages are handled
    assert sum(isinstance(verdict, DeadLetter) for verdict in verdicts) == len(errors)
    assert sum(verdict == Ack() for verdict in verdicts) == 4
    assert sum("dead letter (exhausted)" in text for text in caplog.messages) == len(errors)
    failed = ("LogObserver", "RecentActivity", "could not be handled")
    assert not [text for text in caplog.messages if any(failure in text for failure in failed)]
    assert all(error["text"] is not None for error in bench.recent.status()["errors"])
    assert shop.dead.attributes().visible == len(errors)


@pytest.mark.parametrize("is_async", [False, True], ids=["threads", "coroutines"])
def test_a_signal_with_odd_values_still_leads_to_a_verdict(is_async: bool) -> None:
    shop, signals = Shop(), [signal for raised in RAISED for signal in odd_signals(raised)]
    raising(shop, signals, is_async, stop=stop_after_attempt(1))

    verdicts = Bench(shop).handled(len(signals) + 4)

    assert {type(verdict).__name__ for verdict in verdicts} == {"Ack", "DeadLetter", "Drop"}


def test_a_policy_that_looks_at_an_odd_exception_decides_by_default() -> None:
    shop = Shop()
    raising(shop, ODD, False, stop=stop_after_attempt(2), retry=retry_if_exception_type(OSError))

    verdicts = Bench(shop).handled(len(ODD) + 4)

    assert all(isinstance(verdict, Ack | DeadLetter | Retry) for verdict in verdicts)


@pytest.mark.parametrize("is_async", [False, True], ids=["threads", "coroutines"])
def test_an_odd_result_is_a_success(is_async: bool) -> None:
    shop, results = Shop(), [odd_result(raised) for raised in RAISED]

    def act(number: int) -> object:
        return results[number % len(results)]

    async def act_async(number: int) -> object:
        return act(number)

    shop.task(retry=retry_if_result(bool))(act_async if is_async else act)
    shop.send_all(range(len(results)))

    assert Bench(shop).handled(len(results)) == [Ack()] * len(results)


@pytest.mark.parametrize("raised", RAISED)
def test_a_schema_s_hook_may_raise_anything(raised: type[BaseException]) -> None:
    class Hooked(PubSubMessageSchema):
        MEDIA_TYPE = "application/vnd.test.pubsub._.created.hooked"
        number = fields.Integer(required=True)

        @post_load
        def refuse(self, content: dict[str, Any], **_: Any) -> dict[str, Any]:
            raise raised("from a hook")

    shop = Shop()
    shop.task(Hooked, stop=stop_after_attempt(1))(lambda number: None)
    shop.task(Word)(lambda word: None)
    shop.send_bodies(body(Hooked.MEDIA_TYPE, number=1), body(Word.MEDIA_TYPE, word="sound"))

    verdicts = Bench(shop).handled(2)

    assert sorted(type(verdict).__name__ for verdict in verdicts) == ["Ack", "DeadLetter"]


@pytest.mark.parametrize("raised", RAISED)
def test_an_observer_may_raise_anything(raised: type[BaseException]) -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    shop.send(1)

    def observer(event: WorkerEvent) -> None:
        raise next(odd_errors(raised))

    worker = shop.worker(observers=[observer, shop.events])
    worker.start()
    assert shop.events.next().verdict == Ack()
    assert shop.stop(worker)


@pytest.mark.parametrize("raised", RAISED)
def test_a_handler_of_log_lines_may_raise_anything(raised: type[BaseException]) -> None:
    # Given an application's log handler that fails on each line
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise raised("from a log handler")

    broken, log = Broken(), logging.getLogger("pubsub_tasks")
    log.addHandler(broken)
    shop = Shop()
    raising(shop, [ValueError()], False, stop=stop_after_attempt(1))
    try:
        # When messages fail and succeed
        verdicts = Bench(shop).handled(5)
    finally:
        log.removeHandler(broken)
    # Then the worker goes on
    assert sum(verdict == Ack() for verdict in verdicts) == 4


started: list[asyncio.Future[None]] = []


def misbehave_by_a_task() -> None:
    async def leave() -> None:
        raise SystemExit(3)

    started.append(asyncio.ensure_future(leave()))


def misbehave_by_interrupt() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    asyncio.get_running_loop().call_soon(interrupt)


def misbehave_by_stop() -> None:
    asyncio.get_running_loop().stop()


def misbehave_by_cancelling_all() -> None:
    for each in asyncio.all_tasks():
        each.cancel()


def misbehave_by_a_task_factory() -> None:
    eager = getattr(asyncio, "eager_task_factory", None)  # of Python 3.12
    asyncio.get_running_loop().set_task_factory(eager or (lambda loop, coro: asyncio.Task(coro, loop=loop)))


@pytest.mark.parametrize(
    "misbehave",
    [
        misbehave_by_a_task,
        misbehave_by_interrupt,
        misbehave_by_stop,
        misbehave_by_cancelling_all,
        misbehave_by_a_task_factory,
    ],
)
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_a_handler_cannot_end_the_event_loop_of_the_others(misbehave: Callable[[], None]) -> None:
    shop = Shop()

    @shop.task()
    async def act(number: int) -> None:
        if number == 0:
            misbehave()
            await asyncio.sleep(0.01)

    shop.send_all(range(8))
    worker = shop.worker(coroutines=2)
    crashes: list[str] = []
    worker.on_crash = lambda: crashes.append("crashed")
    worker.start()
    until(lambda: worker.counters.acked >= 7)
    shop.send_all(range(1, 9))
    until(lambda: worker.counters.acked >= 15)
    assert shop.stop(worker)
    assert crashes == []


def test_a_thread_that_ends_by_an_exception_stops_the_worker(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Given an internal fault outside of all handling, with an exception that cannot be printed
    shop = Shop()
    shop.task()(lambda number: None)
    worker: Worker = shop.worker()
    crashed = Event()
    worker.on_crash = crashed.set

    def broken(*_: object) -> None:
        raise next(odd_errors(SystemExit))

    worker._coordinator.slot_job = broken  # type: ignore[method-assign,assignment]

    # When the worker starts
    worker.start()

    # Then it logs that and asks to exit
    wait(crashed)
    assert "a thread of the worker ended" in caplog.text
    worker.stop(0)


def test_an_internal_fault_at_one_message_costs_it_one_attempt_and_no_other_message_any(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Given a worker that fails to open one message, and to prepare another
    shop = Shop()
    shop.task()(lambda number: None)
    worker = shop.worker(threads=1)
    processor = worker._processor
    kind, prepare = processor.slot_kind, processor._prepare

    def broken_kind(delivery: Delivery) -> SlotKind:
        if delivery.fields["number"] == 1:
            raise next(odd_errors(SystemExit))
        return kind(delivery)

    def broken_prepare(message: InFlightMessage) -> HandlerCall | Verdict:
        if message.delivery.fields["number"] == 2:
            raise next(odd_errors(KeyboardInterrupt))
        return prepare(message)

    worker._receiver._slot_kind = broken_kind  # type: ignore[method-assign]
    processor._prepare = broken_prepare  # type: ignore[method-assign]
    shop.send(1, 2, 3, 4)

    # When they are received together
    worker.start()
    verdicts = shop.events.verdicts(3)

    # Then the others are handled, and both come back by themselves
    assert [type(verdict) for verdict in verdicts] == [Retry, Ack, Ack]
    until(lambda: shop.queue.attributes().in_flight == 2)
    assert shop.stop(worker)
    assert "cannot be opened" in caplog.text
    assert "could not be handled" in caplog.text


@pytest.mark.parametrize("raised", [ValueError, SystemExit, KeyboardInterrupt])
def test_a_dead_letter_that_cannot_be_written_does_not_affect_others(
    raised: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    # Given dead letters of which one cannot be written
    shop = Shop()
    shop.task()(lambda number: None)
    worker = shop.worker(threads=1)
    writes, mended = worker._settler._dead_letters, Event()
    assert writes is not None

    def write(message: InFlightMessage, verdict: DeadLetter) -> Outgoing:
        if message.delivery.record.body == "odd" and not mended.is_set():
            raise raised("an internal fault")
        return writes.write(message, verdict)

    worker._settler._dead_letters = writes._replace(write=write)
    shop.send_bodies("odd", "one", "two")

    # When they are sent
    worker.start()
    shop.events.verdicts(3)

    # Then the others are dead-lettered, and that one stays on its queue
    until(lambda: worker.counters.dead_lettered.total() == 2)
    assert shop.dead.attributes().visible == 2
    until(lambda: "cannot be made a dead letter" in caplog.text)
    assert shop.queue.attributes().in_flight >= 1

    # And it is dead-lettered once it can be written
    mended.set()
    until(lambda: worker.counters.dead_lettered.total() == 3)
    assert shop.stop(worker)


@pytest.mark.parametrize("call", ["delete", "change_visibility"])
@pytest.mark.parametrize("raised", [ValueError, SystemExit, KeyboardInterrupt])
def test_a_settlement_that_fails_by_an_internal_fault_is_retried(
    call: str, raised: type[BaseException]
) -> None:
    shop = Shop()

    @shop.task()
    def act(number: int) -> None:
        if call != "delete":
            raise Nack(600)

    queue = FlakyQueue(shop.queue)
    queue.failing[call] = raised("an internal fault")  # type: ignore[assignment]
    shop.send(1)
    with shop.running_worker(queue) as worker:
        shop.events.next()
        until(lambda: queue.calls.count(call) >= 2)
        queue.failing.clear()
        until(lambda: worker._coordinator._inflight.idle or len(worker._coordinator._inflight) == 0)


def test_a_malformed_answer_leaves_nothing_unsettled() -> None:
    # Given a queue whose first answer has too few entries
    class Short(FlakyQueue):
        def delete(self, handles: Sequence[str]) -> list[EntryFailure | None]:
            answers = super().delete(handles)
            return answers if self.calls.count("delete") > 1 else []

    shop = Shop()
    shop.task()(lambda number: None)
    shop.send(1)

    # When a message is deleted
    with shop.running_worker(Short(shop.queue)) as worker:
        shop.events.next()

        # Then it is tried again, and nothing stays in flight
        until(lambda: len(worker._coordinator._inflight) == 0)
