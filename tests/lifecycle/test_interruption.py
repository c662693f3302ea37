"""Calls that wait are ended, and no other."""

from threading import Event, Thread

import pytest

from pubsub_tasks.lifecycle.interruption import CallInterrupted, Interruption, interruption_of_call


def test_a_call_belongs_to_the_interruption_of_its_thread_alone() -> None:
    interruption, seen = Interruption(), []

    with interruption:
        assert interruption_of_call() is interruption
        thread = Thread(target=lambda: seen.append(interruption_of_call()))
        thread.start()
        thread.join()

    assert seen == [None]
    assert interruption_of_call() is None


def test_a_wait_is_woken_and_its_error_is_an_interruption() -> None:
    interruption, woken = Interruption(), Event()

    def call() -> None:
        with interruption.waiting(woken.set):
            interruption.interrupt()
            if woken.is_set():
                raise ConnectionResetError

    with pytest.raises(CallInterrupted):
        call()


def test_an_answer_that_came_first_is_kept() -> None:
    interruption = Interruption()

    with interruption.waiting(lambda: None):
        interruption.interrupt()


def test_an_error_of_a_call_that_is_not_interrupted_stays_what_it_is() -> None:
    with pytest.raises(ConnectionResetError), Interruption().waiting(lambda: None):
        raise ConnectionResetError


def test_what_no_longer_waits_is_not_woken_and_later_waits_end_at_once() -> None:
    interruption, woken = Interruption(), []
    with interruption.waiting(lambda: woken.append(1)):
        pass

    interruption.interrupt()

    assert woken == []
    with pytest.raises(CallInterrupted), interruption.waiting(lambda: woken.append(2)):
        pytest.fail("it waited")
    assert woken == []
    with pytest.raises(CallInterrupted):
        interruption.check()


def test_it_passes_handlers_of_exceptions() -> None:
    assert not issubclass(CallInterrupted, Exception)
