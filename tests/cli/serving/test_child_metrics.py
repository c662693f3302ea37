"""What `/metrics` of a supervisor answers."""

import os
import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pubsub_tasks.cli.serving.child_metrics import child_metrics
from pubsub_tasks.cli.serving.health_checks import HealthChecks
from pubsub_tasks.cli.serving.worker_metrics import WorkerMetrics
from pubsub_tasks.processes.supervised_process import ProcessShare
from pubsub_tasks.processes.supervisor import Supervisor
from pubsub_tasks.tasks.events import Received
from pubsub_tasks.tasks.observers import Observers
from pubsub_tasks.telemetry.health_server import health

CONFIG = {"queue_depth": False, "statsd": ""}


def received(supervisor: Supervisor) -> float:
    (answer,) = child_metrics(supervisor).values()
    _, page = answer()
    samples = [
        sample
        for family in text_string_to_metric_families(page.content.decode())
        for sample in family.samples
        if sample.name == "pubsub_tasks_received_messages_total"
    ]
    return sum(sample.value for sample in samples)


def test_processes_are_asked_and_one_that_does_not_answer_is_left_out() -> None:
    supervisor = Supervisor([], [ProcessShare(name) for name in ("one", "two", "new")], 1, os.environ)
    children, observers = supervisor.children, Observers()
    metrics = WorkerMetrics(observers, CONFIG, "one")
    observers.notify(Received("orders", 3))
    with health("127.0.0.1", 0, {"/metrics": metrics.answer}) as port, health("127.0.0.1", 0, {}) as other:
        children[0].reported["health"] = port
        children[1].reported["health"] = other  # where there is no /metrics

        assert received(supervisor) == 3


def test_without_prometheus_client_there_is_no_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)

    assert child_metrics(Supervisor([], [], 1, os.environ)) == {}
    assert HealthChecks("", 0, 1.0, WorkerMetrics(Observers(), CONFIG, None)).metrics is None
