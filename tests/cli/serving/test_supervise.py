"""How many processes a command runs as, and what each does."""

import importlib

import pytest

from pubsub_tasks.cli.serving.supervise import process_shares, watch_python_files
from pubsub_tasks.errors import MissingExtra
from pubsub_tasks.processes.supervised_process import ProcessShare


def test_processes_are_named_after_their_queue_and_numbered_if_there_are_several() -> None:
    queues = [(None, "https://sqs/1/orders"), ("mail", "https://sqs/1/live-mail")]

    assert list(process_shares(queues, 1)) == [
        ProcessShare("orders", "https://sqs/1/orders"),
        ProcessShare("live-mail", "https://sqs/1/live-mail", "mail"),
    ]
    assert [part.name for part in process_shares(queues, 2)] == [
        "orders-1",
        "orders-2",
        "live-mail-1",
        "live-mail-2",
    ]


def test_a_queue_from_configuration_is_resolved_in_the_child_process() -> None:
    assert list(process_shares([(None, None)], 1)) == [ProcessShare("worker")]


def test_reloading_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with (
        pytest.raises(MissingExtra, match=r"pip install 'pubsub-tasks\[reload\]'"),
        watch_python_files(".", list),
    ):
        pass
