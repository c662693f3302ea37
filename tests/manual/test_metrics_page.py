"""The manual's table of metrics and the code name the same things, both ways."""

from pubsub_tasks.telemetry.metrics.catalog import METRICS
from tests.manual.pages import MANUAL, named, rows


def test_the_table_of_metrics_has_all_of_them_with_their_types_and_labels() -> None:
    table = rows(MANUAL / "metrics.md", "metric")
    told = {named(name)[0]: (kind, tuple(named(labels))) for name, kind, labels, _ in table}

    assert told == {metric.name: (metric.kind, metric.labels) for metric in METRICS}
