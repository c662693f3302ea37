"""The manifests stop a worker no earlier than it needs, and their commands exist."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from pubsub_tasks.cli import worker

DEPLOY = Path(__file__).parents[2] / "examples" / "deploy"

SLACK = 5
"""Seconds after the grace period in which a worker has ended."""


def kubernetes() -> tuple[list[str], int]:
    pod = yaml.safe_load((DEPLOY / "kubernetes.yaml").read_text())["spec"]["template"]["spec"]
    return pod["containers"][0]["args"], pod["terminationGracePeriodSeconds"]


def ecs() -> tuple[list[str], int]:
    document: Any = json.loads((DEPLOY / "ecs-task-definition.json").read_text())
    (container,) = document["containerDefinitions"]
    return container["command"], container["stopTimeout"]


@pytest.mark.parametrize("manifest", [kubernetes, ecs])
def test_the_container_is_stopped_after_the_grace_period(manifest: Any) -> None:
    (name, *arguments), stop_timeout = manifest()
    context = worker.command.make_context(name, list(arguments))

    assert name == "pubsub-worker"
    assert stop_timeout > context.params["grace"] + SLACK
    assert context.params["health_port"] == 8080


def test_the_probes_are_paths_of_the_health_server() -> None:
    pod = yaml.safe_load((DEPLOY / "kubernetes.yaml").read_text())["spec"]["template"]["spec"]
    (container,) = pod["containers"]

    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
