"""The dashboard, alert rules and scaling examples ask only for metrics and labels that exist."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pubsub_tasks.telemetry.metrics.catalog import METRICS, Metric

FOLDER = Path(__file__).parents[2] / "examples" / "monitoring"

SUFFIXES = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_count", "_sum"]}
BY_NAME = {metric.name + suffix: metric for metric in METRICS for suffix in SUFFIXES[metric.kind]}

NAME = re.compile(r"pubsub_tasks_\w+")
SELECTOR = re.compile(r"(pubsub_tasks_\w+)\{([^}]*)\}")
LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
GROUPED = re.compile(r"by \(([^)]*)\)")


def strings(value: Any) -> Iterator[str]:
    """All texts within a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)


def expressions(file: str) -> list[str]:
    """The texts of a file in which a metric is named."""
    text = (FOLDER / file).read_text(encoding="utf-8")
    content = json.loads(text) if file.endswith(".json") else yaml.safe_load(text)
    return [each for each in strings(content) if NAME.search(each)]


def labels(metric: Metric) -> set[str]:
    return {*metric.labels, "le"} if metric.kind == "histogram" else set(metric.labels)


def unknown(expression: str) -> list[str]:
    """What the expression names and no worker serves."""
    names = NAME.findall(expression)
    lost = [name for name in names if name not in BY_NAME]
    if lost:
        return lost
    lost += [
        f"{name}: {label}"
        for name, selected in SELECTOR.findall(expression)
        for label in LABEL.findall(selected)
        if label not in labels(BY_NAME[name])
    ]
    grouped = {label.strip() for group in GROUPED.findall(expression) for label in group.split(",")}
    return lost + [f"by {label}" for label in grouped if any(label not in labels(BY_NAME[x]) for x in names)]


@pytest.mark.parametrize("file", ["grafana.json", "alerts.yaml", "keda.yaml", "ecs-scaling-policy.json"])
def test_they_ask_for_metrics_and_labels_that_exist(file: str) -> None:
    asked = expressions(file)

    assert asked
    assert [lost for each in asked for lost in unknown(each)] == []


def test_every_metric_is_on_the_dashboard_but_one_that_others_say_better() -> None:
    shown = {BY_NAME[name].name for each in expressions("grafana.json") for name in NAME.findall(each)}

    assert {metric.name for metric in METRICS} - shown == {"pubsub_tasks_handled_per_second"}


@pytest.mark.parametrize(
    ("expression", "lost"),
    [
        ("rate(pubsub_tasks_handled[5m])", ["pubsub_tasks_handled"]),
        ("pubsub_tasks_receives", ["pubsub_tasks_receives"]),
        ('pubsub_tasks_sleeping{task="x"}', ["pubsub_tasks_sleeping: task"]),
        ("sum by (reason) (pubsub_tasks_sleeping)", ["by reason"]),
    ],
)
def test_what_does_not_exist_is_found(expression: str, lost: list[str]) -> None:
    assert unknown(expression) == lost


def test_panels_have_places_of_their_own() -> None:
    dashboard = json.loads((FOLDER / "grafana.json").read_text(encoding="utf-8"))
    taken = [
        (x, y)
        for panel in dashboard["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
