"""Which flags make a command supervise other processes, and what a supervisor never imports."""

import subprocess
import sys
from typing import Any

import pytest

from pubsub_tasks.cli.serving.serve import is_supervisor

ALONE: dict[str, Any] = {
    "processes": 1,
    "sqs_queue_url": ("https://sqs/1/orders",),
    "max_tasks": None,
    "max_memory": None,
    "reload": False,
}


@pytest.mark.parametrize(
    ("flags", "supervises"),
    [
        ({}, False),
        ({"sqs_queue_url": ()}, False),
        ({"processes": 2}, True),
        ({"sqs_queue_url": ("https://sqs/1/orders", "https://sqs/1/mail")}, True),
        ({"max_tasks": 1}, True),
        ({"max_memory": 1}, True),
        ({"reload": True}, True),
    ],
)
def test_flags_that_need_child_processes_are_recognized(flags: dict[str, Any], supervises: bool) -> None:
    assert is_supervisor({**ALONE, **flags}) is supervises


def test_a_supervisor_imports_neither_the_app_nor_the_worker() -> None:
    program = "import sys, pubsub_tasks.cli.worker, pubsub_tasks.cli.serving.supervise; print(*sys.modules)"

    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    unneeded = {"boto3", "botocore", "microcosm", "urllib3", "pubsub_tasks.graph", "pubsub_tasks.transports"}
    unneeded |= {"pubsub_tasks.cli.find_app", "pubsub_tasks.in_flight", "pubsub_tasks.worker.worker"}
    assert set(shown.split()) & unneeded == set()
