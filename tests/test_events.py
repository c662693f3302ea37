"""Observers watch, and cannot do harm."""

from pubsub_tasks.events import Received, notify


def test_an_observer_that_fails_is_logged_and_the_others_are_told(caplog):
    seen = []
    event = Received("orders", 3)

    def broken(event):
        raise RuntimeError("out of disk")

    notify([broken, seen.append], event)

    assert seen == [event]
    assert "failed on Received" in caplog.text
    assert "out of disk" in caplog.text
