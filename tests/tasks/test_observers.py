"""Observers watch, and cannot do harm."""

import subprocess
import sys

import pytest

from pubsub_tasks import Tasks
from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.tasks.events import Lost, Published, Received
from pubsub_tasks.tasks.observers import Observers

RECEIVED = Received("orders", 3)
PUBLISHED = Published("m/order", "m-1", "arn", 0.1)


@pytest.mark.parametrize("raised", [RuntimeError, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_an_observer_that_fails_is_logged_once_per_kind_and_the_others_are_notified(
    raised, caplog, monkeypatch
):
    monkeypatch.setattr("pubsub_tasks.tasks.observers.reraise_interrupt", lambda error: None)
    seen = []

    def broken(event):
        raise raised("out of disk")

    observers = Observers([broken, seen.append])
    for event in (RECEIVED, RECEIVED, PUBLISHED):
        observers.notify(event)

    assert seen == [RECEIVED, RECEIVED, PUBLISHED]
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "failed on Received" in caplog.text
    assert "failed on Published" in caplog.text


FORKING = """
import os, sys
from pubsub_tasks.tasks.events import Received
from pubsub_tasks.tasks.observers import Observers

forked = []

def fork(event):
    forked.append(os.fork())
    if not forked[-1] and event.count < 3:  # the third returns
        sys.exit(7 if event.count == 1 else None)

observers = Observers([fork])
observers.notify(Received("orders", 1))
observers.notify(Received("orders", 2))
observers.notify(Received("orders", 3))
print("went on", flush=True)
print(sorted(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in forked))
"""


def test_a_process_that_an_observer_forks_does_none_of_the_work_of_this_one():
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["went on", "[0, 0, 7]"]


def test_an_observer_is_notified_only_of_the_kinds_that_it_names():
    seen = []

    class Watching:
        kinds = (Received,)

        def __call__(self, event):
            seen.append(("class", event))

    observers = Observers([Watching()])
    observers.add(lambda event: seen.append(("added", event)), Published)
    for event in (RECEIVED, PUBLISHED):
        observers.notify(event)

    assert seen == [("class", RECEIVED), ("added", PUBLISHED)]
    assert [observers.wants(kind) for kind in (Received, Published, Lost)] == [True, True, False]


def test_an_observer_added_later_is_notified_by_all_who_share_the_list():
    seen = []
    parent = Observers()
    observers = Observers(parent=parent)
    observers.notify(RECEIVED)
    assert not observers.wants(Received)

    parent.add(seen.append)
    observers.notify(PUBLISHED)

    assert seen == [PUBLISHED]
    assert observers.wants(Received)


def test_an_invalid_observer_is_refused():
    async def coroutine(event): ...

    for wrong, said in ((coroutine, "use `def`"), (None, "is no observer")):
        with pytest.raises(ConfigurationError, match=said):
            Observers([wrong])


def test_a_registry_takes_observers_as_a_decorator_does():
    tasks, seen = Tasks(), []

    @tasks.observe
    def watch(event):
        seen.append(event)

    tasks.observe(watch, Published)
    tasks.observers.notify(RECEIVED)
    tasks.observers.notify(PUBLISHED)

    assert seen == [RECEIVED, PUBLISHED, PUBLISHED]
    assert watch.__name__ == "watch"
