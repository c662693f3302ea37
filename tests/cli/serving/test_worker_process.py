"""Serving by a command's flags: how long its polls are."""

import pytest

from pubsub_tasks.cli.serving.source import Source
from pubsub_tasks.cli.serving.worker_process import service_options
from pubsub_tasks.cli.worker import command
from pubsub_tasks.transports.memory import MemoryTransport


@pytest.mark.parametrize(
    ("flags", "seconds"),
    [
        ([], 20),
        (["--wait-seconds", "5"], 5),
        (["--local"], 1),
        (["--reload"], 1),
        (["--local", "--processes", "2"], 1),
        (["--reload", "--wait-seconds", "0"], 0),
    ],
)
def test_receives_wait_briefly_in_development(flags: list[str], seconds: int) -> None:
    params = command.make_context("pubsub-worker", list(flags)).params
    assert service_options(params, Source(MemoryTransport(), [])).capacity.wait == seconds
