"""Workers in this process: what makes them stop, how they end, and with which exit code."""

import os
import signal
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest

from pubsub_tasks.inflight.run_limit import RunLimit
from pubsub_tasks.processes.restarts import CRASHED, CUT, DONE, WORN
from pubsub_tasks.processes.runner import RunOptions, StopReason, StopReasons, memory, run
from pubsub_tasks.processes.service import Service, ServiceOptions, service
from pubsub_tasks.worker.worker import Capacity
from tests.worker.shops import PATIENCE, Shop, until, wait


def serve(shop: Shop, **options: Any) -> Service:
    options = {"observers": [shop.facts], "capacity": Capacity(wait=1), **options}
    return service(shop.transport, shop.tasks, shop.queue.url, ServiceOptions(**options))


def meanwhile(work: Callable[[], None]) -> Thread:
    """Do it in another thread, since signals are for the main one."""
    thread = Thread(target=work, daemon=True)
    thread.start()
    return thread


def signalled() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def end_polls(shop: Shop) -> None:
    shop.send_bodies("the end")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_ends_well(number: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "pubsub_tasks")
    shop = Shop()
    shop.task()(lambda number: None)
    shop.send(1)

    def stop() -> None:
        shop.facts.next()
        os.kill(os.getpid(), number)
        until(lambda: "stopping" in caplog.text)
        end_polls(shop)

    meanwhile(stop)
    assert run([serve(shop)], RunOptions(grace=PATIENCE)) == DONE
    assert f"stopping: {signal.Signals(number).name}" in caplog.text
    assert "orders: received 2, acked 1, retried 0, dead-lettered 0, dropped 0, released 1" in caplog.text
    assert shop.left() == []


def test_what_does_not_end_within_the_grace_is_cut_and_said(caplog: pytest.LogCaptureFixture) -> None:
    shop = Shop()
    started, may_end = Event(), Event()

    @shop.task()
    def handle(number: int) -> None:
        started.set()
        wait(may_end)

    shop.send(1)

    def stop() -> None:
        wait(started)
        signalled()

    meanwhile(stop)
    assert run([serve(shop)], RunOptions(grace=0.01)) == CUT
    assert "some handlers were cut" in caplog.text
    assert shop.queue.attributes().in_flight == 1
    may_end.set()


def test_a_second_signal_waits_for_no_handler(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "pubsub_tasks")
    shop = Shop()
    started, may_end = Event(), Event()

    @shop.task()
    def handle(number: int) -> None:
        started.set()
        wait(may_end)

    shop.send(1)

    def stop() -> None:
        wait(started)
        signalled()
        until(lambda: "stopping" in caplog.text)
        signalled()

    meanwhile(stop)
    assert run([serve(shop)], RunOptions(grace=1_000_000)) == CUT
    may_end.set()


def test_a_crash_is_an_exit_code_of_its_own() -> None:
    shop, reasons = Shop(), StopReasons()
    shop.task()(lambda number: None)
    reasons.give(StopReason(CRASHED, "a thread of the worker failed"))
    assert run([serve(shop)], RunOptions(grace=0), reasons=reasons) == CRASHED


def test_an_idle_worker_whose_poll_is_cut_cut_nothing(caplog: pytest.LogCaptureFixture) -> None:
    # Given a worker with nothing in hand and an open poll, which outlasts the grace
    shop = Shop()
    shop.task()(lambda number: None)
    made = serve(shop, capacity=Capacity(wait=20))

    def stop() -> None:
        until(lambda: made.worker.run_limit.receives > 0 and made.worker.polls > 0)
        signalled()

    meanwhile(stop)
    # When it is stopped, then it ends well, and says what may come of the poll
    assert run([made], RunOptions(grace=0)) == DONE
    assert "some handlers were cut" not in caplog.text
    assert "a poll was cut after the grace" in caplog.text
    end_polls(shop)


def test_a_second_signal_ends_an_idle_worker_well(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "pubsub_tasks")
    shop, reasons = Shop(), StopReasons()
    shop.task()(lambda number: None)
    made = serve(shop, capacity=Capacity(wait=20))

    def stop() -> None:
        until(lambda: made.worker.run_limit.receives > 0 and made.worker.polls > 0)
        signalled()
        until(lambda: "stopping" in caplog.text)
        signalled()

    meanwhile(stop)
    assert run([made], RunOptions(grace=1_000_000), reasons=reasons) == DONE
    assert reasons.seconds_left == 1.0
    end_polls(shop)


def test_what_is_no_signal_hurries_nobody(caplog: pytest.LogCaptureFixture) -> None:
    # Given a worker that drains while its supervisor goes, and a handler that needs a little longer
    caplog.set_level("INFO", "pubsub_tasks")
    shop, reasons = Shop(), StopReasons()
    started, may_end = Event(), Event()

    @shop.task()
    def handle(number: int) -> None:
        started.set()
        wait(may_end)

    shop.send(1)

    def stop() -> None:
        wait(started)
        signalled()
        until(lambda: "stopping" in caplog.text)
        reasons.give(StopReason(DONE, "the supervisor is gone"))
        may_end.set()
        end_polls(shop)

    meanwhile(stop)
    made = serve(shop)
    assert run([made], RunOptions(grace=PATIENCE), reasons=reasons) == DONE
    assert made.worker.counters.acked == 1


def test_one_receive_and_no_more() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    shop.send(1, 2, 3)
    made = serve(shop, run_limit=RunLimit(once=True))

    assert run([made]) == DONE
    assert made.worker.counters.acked == 3


def test_all_queues_are_emptied_before_the_end() -> None:
    shops = [Shop(), Shop()]
    for shop in shops:
        shop.task()(lambda number: None)
        shop.send(*range(10))
    made = [serve(shop, run_limit=RunLimit(until_empty=True)) for shop in shops]
    assert run(made, RunOptions()) == DONE
    assert [each.worker.counters.acked for each in made] == [10, 10]


def test_so_many_messages_wear_a_process_out() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    shop.send(1, 2, 3)

    assert run([serve(shop, run_limit=RunLimit(messages=2))]) == WORN
    assert shop.left() == []


def test_too_much_memory_wears_a_process_out() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    shop.send(1)

    def end_the_poll() -> None:
        shop.facts.next()
        until(lambda: made.worker.run_limit.over)
        end_polls(shop)

    made = serve(shop)
    meanwhile(end_the_poll)
    assert run([made], RunOptions(max_memory=1)) == WORN


def test_memory_is_told_in_bytes() -> None:
    assert memory() > 1_000_000


def test_it_is_over_when_somebody_says_so() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    over = Event()

    def stop() -> None:
        over.set()
        end_polls(shop)

    shop.send(1)
    meanwhile(lambda: (shop.facts.next(), stop()))  # type: ignore[arg-type, func-returns-value]
    assert run([serve(shop)], RunOptions(is_over=over.is_set)) == DONE


def test_handlers_of_signals_are_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    shop = Shop()
    shop.task()(lambda number: None)
    shop.send(1)
    run([serve(shop, run_limit=RunLimit(once=True))])
    assert signal.getsignal(signal.SIGTERM) is before
