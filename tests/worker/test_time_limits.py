"""Time limits: handlers are interrupted in threads and cancelled in the event loop."""

import asyncio
import dis
import io
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Condition, Event, Thread, get_ident
from typing import Any

import pytest
from tenacity import stop_after_attempt, wait_none

from pubsub_tasks import Delivery, TaskTimeout
from pubsub_tasks.dispatching.dispatcher import HandlerCall
from pubsub_tasks.in_flight.in_flight_message import InFlightMessage, SlotKind
from pubsub_tasks.in_flight.leases import VisibilityLease
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.verdicts import Ack, DeadLetter, Retry
from pubsub_tasks.worker.io_threads import guarded_thread
from pubsub_tasks.worker.time_limits import SOON, HandlerRun, Interrupted, TimeLimits
from tests.samples import delivery
from tests.worker.shop import PATIENCE, Shop, Word, body, until, wait

REPOSITORY = Path(__file__).parents[2]


def test_a_handler_that_takes_too_long_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    # Given a handler that never ends of itself, and catches whatever is an Exception
    shop = Shop()

    @shop.task(name="shop.handle", timeout=0.05, wait=wait_none())
    def handle(number: int, delivery: Delivery) -> None:
        while delivery.attempt == 1:
            try:
                pass
            except Exception:
                continue

    shop.send(1)
    with shop.running_worker(threads=1):
        retry, ack = shop.events.verdicts(2)
    assert isinstance(retry, Retry)
    assert isinstance(retry.error, TaskTimeout)
    assert str(retry.error) == "shop.handle ran past its time limit of 0.05 s"
    assert isinstance(retry.error.__cause__, Interrupted)
    assert ack == Ack()


def test_a_coroutine_that_takes_too_long_is_cancelled_and_tried_again() -> None:
    shop = Shop()

    @shop.task(Word, name="shop.read", timeout=0.05, wait=wait_none())
    async def read(word: str, delivery: Delivery) -> None:
        if delivery.attempt == 1:
            await asyncio.sleep(1000)

    shop.send_bodies(body(Word.MEDIA_TYPE, word="hello"))
    with shop.running_worker(coroutines=1):
        retry, ack = shop.events.verdicts(2)
    assert isinstance(retry, Retry)
    assert str(retry.error) == "shop.read ran past its time limit of 0.05 s"
    assert ack == Ack()


def test_a_timeout_of_the_coroutine_itself_is_not_a_task_timeout() -> None:
    shop = Shop()

    @shop.task(Word, timeout=1000)
    async def read(word: str) -> None:
        async with asyncio.timeout(0):
            await asyncio.sleep(1)

    shop.send_bodies(body(Word.MEDIA_TYPE, word="hello"))
    with shop.running_worker():
        verdict = shop.events.next().verdict
    assert type(verdict.error) is TimeoutError


def test_a_timeout_counts_as_an_attempt() -> None:
    shop = Shop()

    @shop.task(timeout=0.05, stop=stop_after_attempt(2), wait=wait_none())
    def handle(number: int) -> None:
        while True:
            pass

    shop.send(1)
    with shop.running_worker(threads=1) as worker:
        _, last = shop.events.verdicts(2)
        assert isinstance(last, DeadLetter)
        until(lambda: worker.counters.dead_lettered.total() == 1)
    assert [letter["error_type"] for letter in shop.dead_letters()] == ["pubsub_tasks.errors.TaskTimeout"]


def test_the_thread_of_a_handler_that_does_not_end_is_abandoned(caplog: pytest.LogCaptureFixture) -> None:
    # Given one slot, and a handler that waits in C where no exception reaches it
    shop = Shop()
    may_end, ended, threads = Event(), Event(), []

    @shop.task(name="shop.handle", timeout=0.05, wait=wait_none())
    def handle(number: int, delivery: Delivery) -> None:
        threads.append(get_ident())
        if delivery.attempt == 1:
            try:
                wait(may_end)
            finally:
                ended.set()

    shop.send(1)
    with shop.running_worker(threads=1, patience=0.05) as worker:
        recycled = Event()
        worker.on_recycle = lambda reason: recycled.set()
        # When its time is over, then its message goes on, on another thread
        retry, ack = shop.events.verdicts(2)
        assert isinstance(retry, Retry)
        assert ack == Ack()
        assert len(set(threads)) == 2
        wait(recycled)
        until(lambda: shop.queue.attributes().in_flight == 0)
        # And the result of the abandoned thread is ignored
        may_end.set()
        wait(ended)
        shop.send(2)
        assert shop.events.next().verdict == Ack()
    assert "shop.handle does not end though its time limit of 0.05 s is over" in caplog.text
    assert (worker.counters.acked, worker.counters.retried) == (2, 1)


def test_on_a_fifo_queue_the_group_of_an_abandoned_thread_stays_blocked() -> None:
    # Given a group whose head never ends
    shop = Shop(fifo=True)
    may_end, recycled = Event(), []
    handled: list[int] = []

    @shop.task(timeout=0.05, wait=wait_none())
    def handle(number: int) -> None:
        handled.append(number)
        if number == 1:
            wait(may_end)

    shop.send(1, 2, group="a")
    worker = shop.worker(patience=0.05)
    worker.on_recycle = recycled.append
    worker.start()
    # When its thread is abandoned
    shop.events.next()
    until(lambda: recycled != [])
    # Then others go on, and nothing more of that group starts here
    shop.send(3, group="b")
    until(lambda: 3 in handled)
    assert 2 not in handled
    assert "FIFO" in recycled[0]
    assert shop.stop(worker)
    may_end.set()


@pytest.mark.parametrize("at", [1, 10, 100, 1000])
def test_an_interruption_strikes_only_within_the_run(at: int) -> None:
    """Whenever it comes due, in the handler or on its return, each run has one outcome."""
    clock = VirtualClock()
    time_limits = TimeLimits(clock, lambda run: None)
    outcomes: list[object] = []
    over = Event()

    def work() -> None:
        for _ in range(200):
            run = HandlerRun(_message(), call)
            try:
                outcomes.append(time_limits.limit(run, lambda _: sum(range(at)), call))
            except TaskTimeout:
                outcomes.append("timeout")
        over.set()

    call = _call(timeout=1.0)
    crashes: list[BaseException] = []
    worker = guarded_thread("worker", work, crashes.append)
    worker.start()
    while not over.is_set() and not crashes:
        clock.advance(2)
        time_limits.check()
    worker.join()
    assert crashes == []
    assert len(outcomes) == 200


@pytest.mark.parametrize("kind", ["log lines", "a condition"])
def test_an_interruption_leaves_no_lock_of_the_standard_library_locked(kind: str) -> None:
    # Given a handler past its time limit that waits for a lock, such as to log a line
    condition, lines = Condition(), logging.StreamHandler(io.StringIO())
    lock: Any = lines.lock if kind == "log lines" else condition
    clock = VirtualClock()
    time_limits = TimeLimits(clock, lambda run: None)
    outcomes: list[BaseException] = []

    def invoke(call: HandlerCall) -> None:
        if kind == "log lines":
            lines.handle(logging.makeLogRecord({"msg": "hello"}))
        else:
            with condition:
                pass
        while True:
            pass

    def work() -> None:
        run = HandlerRun(_message(), _call(timeout=1.0))
        with pytest.raises(TaskTimeout) as caught:
            time_limits.limit(run, invoke, run.call)
        outcomes.append(caught.value)

    thread = Thread(target=work)
    with lock:
        thread.start()
        until(lambda: _stands_in(thread) in ("acquire", "__enter__", "handle"))  # `handle`: of Python 3.13
        clock.advance(1)
        time_limits.check()

    # When it gets the lock, and its time is over
    def check() -> bool:
        clock.advance(SOON)
        time_limits.check()
        return bool(outcomes)

    until(check)

    # Then other threads get the lock too
    assert lock.acquire(timeout=PATIENCE)


def test_a_handler_that_waits_for_a_lock_too_long_is_interrupted_all_the_same() -> None:
    # Given a handler past its time limit that waits for a lock which nobody releases
    condition, clock = Condition(), VirtualClock()
    runs: list[HandlerRun] = []
    stuck: list[HandlerRun] = []
    time_limits = TimeLimits(clock, stuck.append, patience=5.0)

    def invoke(call: HandlerCall) -> None:
        with condition:
            pass

    def work() -> None:
        runs.append(HandlerRun(_message(), _call(timeout=1.0)))
        with suppress(TaskTimeout):
            time_limits.limit(runs[0], invoke, runs[0].call)

    thread = Thread(target=work)
    with condition:
        thread.start()
        until(lambda: _stands_in(thread) == "__enter__")
        clock.advance(1)
        time_limits.check()
        assert not runs[0].interrupted

        # When as long has passed as it may take to end
        clock.advance(5)
        time_limits.check()

        # Then it is interrupted, and later counts as stuck
        assert runs[0].interrupted
        clock.advance(5)
        time_limits.check()
        assert stuck == runs
    thread.join(PATIENCE)


def _stands_in(thread: Thread) -> str:
    frame = sys._current_frames().get(thread.ident or 0)
    return frame.f_code.co_name if frame is not None else ""


def test_a_result_returned_before_the_interruption_is_kept() -> None:
    # Given a handler that had finished when the interruption struck while it was leaving
    run = HandlerRun(_message(), _call(timeout=1.0))
    time_limits = TimeLimits(VirtualClock(), lambda run: None)

    def invoke(call: HandlerCall) -> str:
        return "done"

    original = time_limits._leave

    def leave(run: HandlerRun) -> None:
        time_limits._leave = original  # type: ignore[method-assign]
        raise Interrupted

    time_limits._leave = leave  # type: ignore[method-assign]
    assert time_limits.limit(run, invoke, run.call) == "done"


def test_a_time_limit_of_centuries_does_not_end_the_thread_that_watches() -> None:
    """A Celery message may carry any time limit, and no lock waits that long."""
    # Given a handler that runs with such a limit while the others are watched
    time_limits = TimeLimits(time.monotonic, lambda run: None)
    crashes: list[BaseException] = []
    has_begun, may_end = Event(), Event()

    def run_long() -> None:
        run = HandlerRun(_message(), _call(timeout=1e300))
        time_limits.limit(run, lambda call: has_begun.set() or may_end.wait(PATIENCE), run.call)

    running = Thread(target=run_long)
    running.start()
    wait(has_begun)
    watching = guarded_thread("time-limits", time_limits.watch, crashes.append)
    watching.start()

    # When another runs past its own
    run = HandlerRun(_message(), _call(timeout=0.01))
    with pytest.raises(TaskTimeout):
        time_limits.limit(run, _spin, run.call)

    # Then it was interrupted, and no thread has ended
    assert crashes == []
    may_end.set()
    running.join()
    time_limits.stop()
    watching.join()


def _spin(call: HandlerCall) -> None:
    until(lambda: False)


def _call(timeout: float) -> HandlerCall:
    shop = Shop()
    made = shop.task(timeout=timeout)(lambda number: None)
    return HandlerCall(made, delivery(), {}, timeout)


def _message() -> InFlightMessage:
    return InFlightMessage(delivery(), VisibilityLease(0.0, 30, lambda: 0.0), SlotKind.THREAD, None)


PROFILED = """
import sys
from pubsub_tasks.verdicts import DeadLetter
from tenacity import stop_after_attempt
from tests.worker.shop import Shop

shop = Shop()

@shop.task(timeout=0.05, stop=stop_after_attempt(1))
def handle(number):
    while True:
        pass

shop.send(1)
with shop.running_worker(threads=1):
    (verdict,) = shop.events.verdicts(1)
assert isinstance(verdict, DeadLetter), verdict
sys.setprofile(lambda *seen: None)
print("called", *sorted([2, 1], key=lambda number: number))
"""


def test_a_profiler_works_after_a_handler_was_interrupted() -> None:
    # In a process of its own: Python 3.11 never returns from the first call that is profiled while an
    # exception that was set for a thread, or taken back, is not delivered
    run = subprocess.run(
        [sys.executable, "-c", PROFILED], cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE
    )

    assert run.stdout == "called 1 2\n", run.stderr


@pytest.mark.parametrize("holder", [TimeLimits._enter, TimeLimits._leave])
def test_a_lock_is_entered_by_one_instruction_so_that_an_interruption_cannot_leave_it_locked(
    holder: Callable[..., None],
) -> None:
    # CPython delivers exceptions of other threads at the end of calls, on backward jumps and on entering a
    # function, so not between the lock's `__enter__` and the `with` block. A version that compiles `with`
    # to a call of `__enter__` can leave the lock locked, and needs another way to hold it.
    instructions = [each.opname for each in dis.get_instructions(holder)]

    assert instructions.count("BEFORE_WITH") == 1
