"""Running workers in this process: reasons to stop, draining, and exit codes."""

import os
import signal
import sys
from collections.abc import Callable
from threading import Event, Thread, get_ident
from typing import Any

import pytest

from pubsub_tasks.in_flight.capacity import Capacity
from pubsub_tasks.in_flight.polls import RunLimit
from pubsub_tasks.processes.exit_codes import CRASHED, INCOMPLETE, RECYCLE, SUCCESS
from pubsub_tasks.processes.runner import RunOptions, memory, run
from pubsub_tasks.processes.service import Service, ServiceOptions, create_service
from pubsub_tasks.processes.stop_reasons import StopReason, StopReasons
from tests.worker.shop import PATIENCE, Shop, until, wait


def service_of(shop: Shop, **options: Any) -> Service:
    options = {"observers": [shop.events], "capacity": Capacity(wait=1), **options}
    return create_service(shop.transport, shop.tasks, shop.queue.url, ServiceOptions(**options))


def in_thread(work: Callable[[], None]) -> Thread:
    """Run `work` in another thread, since `run` needs the main one for signals."""
    thread = Thread(target=work, daemon=True)
    thread.start()
    return thread


def send_sigterm() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def end_polls(shop: Shop) -> None:
    shop.send_bodies("the end")


def send_to_waiting_handler(shop: Shop) -> tuple[Event, Event]:
    """Send a message to a handler that sets the first event and returns once the second is set."""
    started, may_end = Event(), Event()

    @shop.task()
    def handle(number: int) -> None:
        started.set()
        wait(may_end)

    shop.send(1)
    return started, may_end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_the_worker_and_ends_with_success(
    number: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "pubsub_tasks")
    shop = Shop()
    shop.task()(lambda number: None)
    shop.send(1)

    def stop() -> None:
        shop.events.next()
        os.kill(os.getpid(), number)
        until(lambda: "stopping" in caplog.text)
        end_polls(shop)

    in_thread(stop)
    assert run([service_of(shop)], RunOptions(grace=PATIENCE)) == SUCCESS
    assert f"stopping: {signal.Signals(number).name}" in caplog.text
    assert "orders: received 2, acked 1, retried 0, dead-lettered 0, dropped 0, released 1" in caplog.text
    assert shop.messages_left() == []


def test_a_signal_that_another_thread_receives_stops_the_worker(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "pubsub_tasks")
    shop = Shop()
    shop.task()(lambda number: None)
    main = get_ident()

    def stop() -> None:
        until(lambda: sys._current_frames()[main].f_code is StopReasons.next.__code__)
        signal.pthread_kill(get_ident(), signal.SIGTERM)
        until(lambda: "stopping" in caplog.text)
        end_polls(shop)

    in_thread(stop)
    assert run([service_of(shop)], RunOptions(grace=PATIENCE)) == SUCCESS


def test_a_handler_that_outlasts_the_grace_is_cut_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    shop = Shop()
    started, may_end = send_to_waiting_handler(shop)

    def stop() -> None:
        wait(started)
        send_sigterm()

    in_thread(stop)
    assert run([service_of(shop)], RunOptions(grace=0.01)) == INCOMPLETE
    assert "some handlers were cut" in caplog.text
    assert shop.queue.attributes().in_flight == 1
    may_end.set()


def test_after_a_second_signal_no_handler_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "pubsub_tasks")
    shop = Shop()
    started, may_end = send_to_waiting_handler(shop)

    def stop() -> None:
        wait(started)
        send_sigterm()
        until(lambda: "stopping" in caplog.text)
        send_sigterm()

    in_thread(stop)
    assert run([service_of(shop)], RunOptions(grace=1_000_000)) == INCOMPLETE
    may_end.set()


def test_a_crash_has_its_own_exit_code() -> None:
    shop, reasons = Shop(), StopReasons()
    shop.task()(lambda number: None)
    reasons.add(StopReason(CRASHED, "a thread of the worker failed"))
    assert run([service_of(shop)], RunOptions(grace=0), reasons=reasons) == CRASHED


def test_cutting_a_poll_of_an_idle_worker_is_a_success(caplog: pytest.LogCaptureFixture) -> None:
    # Given a worker with nothing in flight, and an open poll that outlasts the grace
    shop = Shop()
    shop.task()(lambda number: None)
    made = service_of(shop, capacity=Capacity(wait=20))

    def stop() -> None:
        until(lambda: made.worker.run_limit.receives > 0 and made.worker.polls > 0)
        send_sigterm()

    in_thread(stop)
    # When it is stopped, then it ends with success, and logs that the poll was cut
    assert run([made], RunOptions(grace=0)) == SUCCESS
    assert "some handlers were cut" not in caplog.text
    assert "a poll was cut after the grace" in caplog.text
    end_polls(shop)


def test_a_second_signal_ends_an_idle_worker_with_success(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "pubsub_tasks")
    shop, reasons = Shop(), StopReasons()
    shop.task()(lambda number: None)
    made = service_of(shop, capacity=Capacity(wait=20))

    def stop() -> None:
        until(lambda: made.worker.run_limit.receives > 0 and made.worker.polls > 0)
        send_sigterm()
        until(lambda: "stopping" in caplog.text)
        send_sigterm()

    in_thread(stop)
    assert run([made], RunOptions(grace=1_000_000), reasons=reasons) == SUCCESS
    assert reasons.seconds_left == 1.0
    end_polls(shop)


def test_another_reason_while_draining_does_not_shorten_the_grace(caplog: pytest.LogCaptureFixture) -> None:
    # Given a handler that still runs while the worker drains and its supervisor goes away
    caplog.set_level("INFO", "pubsub_tasks")
    shop, reasons = Shop(), StopReasons()
    started, may_end = send_to_waiting_handler(shop)

    def stop() -> None:
        wait(started)
        send_sigterm()
        until(lambda: "stopping" in caplog.text)
        reasons.add(StopReason(SUCCESS, "the supervisor is gone"))
        may_end.set()
        end_polls(shop)

    in_thread(stop)
    made = service_of(shop)
    assert run([made], RunOptions(grace=PATIENCE), reasons=reasons) == SUCCESS
    assert made.worker.counters.acked == 1


def test_a_run_limit_of_one_receive_ends_after_it() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    shop.send(1, 2, 3)
    made = service_of(shop, run_limit=RunLimit(once=True))

    assert run([made]) == SUCCESS
    assert made.worker.counters.acked == 3


def test_until_empty_waits_for_all_queues() -> None:
    shops = [Shop(), Shop()]
    for shop in shops:
        shop.task()(lambda number: None)
        shop.send(*range(10))
    made = [service_of(shop, run_limit=RunLimit(until_empty=True)) for shop in shops]
    assert run(made, RunOptions()) == SUCCESS
    assert [each.worker.counters.acked for each in made] == [10, 10]


def test_a_message_limit_recycles_the_process() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    shop.send(1, 2, 3)

    assert run([service_of(shop, run_limit=RunLimit(messages=2))]) == RECYCLE
    assert shop.messages_left() == []


def test_a_memory_limit_recycles_the_process() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    shop.send(1)

    def end_the_poll() -> None:
        shop.events.next()
        until(lambda: made.worker.run_limit.over)
        end_polls(shop)

    made = service_of(shop)
    in_thread(end_the_poll)
    assert run([made], RunOptions(max_memory=1)) == RECYCLE


def test_memory_is_in_bytes() -> None:
    assert memory() > 1_000_000


def test_run_ends_when_is_over_returns_true() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    over = Event()

    def stop() -> None:
        over.set()
        end_polls(shop)

    shop.send(1)
    in_thread(lambda: (shop.events.next(), stop()))  # type: ignore[arg-type, func-returns-value]
    assert run([service_of(shop)], RunOptions(is_over=over.is_set)) == SUCCESS


def test_previous_signal_handlers_are_restored() -> None:
    before = signal.getsignal(signal.SIGTERM)
    shop = Shop()
    shop.task()(lambda number: None)
    shop.send(1)
    run([service_of(shop, run_limit=RunLimit(once=True))])
    assert signal.getsignal(signal.SIGTERM) is before
