"""What Prometheus reads at /metrics."""

from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY, Counter, Gauge, Metric
from prometheus_client.parser import text_string_to_metric_families

from pubsub_tasks.tasks.events import Received
from pubsub_tasks.tasks.observers import Observers
from pubsub_tasks.telemetry.metrics.catalog import METRICS
from pubsub_tasks.telemetry.metrics.message_metrics import MessageMetrics
from pubsub_tasks.telemetry.metrics.prometheus_text import registered_families, text_of_families


@pytest.fixture
def orders() -> Iterator[Counter]:
    """A counter that the application registered."""
    counter = Counter("shop_orders", "Orders seen", ["kind"])
    yield counter
    REGISTRY.unregister(counter)


def test_it_can_be_parsed() -> None:
    metrics, observers = MessageMetrics(), Observers()
    metrics.watch(observers)
    observers.notify(Received('a "queue"\n', 3))

    families = list(text_string_to_metric_families(text_of_families(metrics.families()).decode()))

    assert [each.name for each in families] == ["pubsub_tasks_receives", "pubsub_tasks_received_messages"]
    (sample,) = families[1].samples
    assert (sample.name, sample.value) == ("pubsub_tasks_received_messages_total", 3)
    assert sample.labels == {"queue": 'a "queue"\n'}
    assert {each.name for each in families} <= {metric.name for metric in METRICS}


def test_what_the_application_registered_is_served_too(orders: Counter) -> None:
    orders.labels("book").inc(2)

    text = text_of_families(registered_families()).decode()

    assert 'shop_orders_total{kind="book"} 2.0' in text
    assert "process_cpu_seconds_total" in text
    assert "_created" not in text


def test_a_collector_of_the_application_that_fails_takes_nothing_else_with_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class NoDatabase(Exception):
        """Another kind of error than those of other tests."""

    class Broken:
        def describe(self) -> list[Metric]:
            return []

        def collect(self) -> list[Metric]:
            raise NoDatabase

    broken = Broken()
    REGISTRY.register(broken)
    try:
        found = [registered_families() for _ in range(2)]
    finally:
        REGISTRY.unregister(broken)
    assert all("python_info" in [family.name for family in each] for each in found)
    assert caplog.text.count("metrics of the application are left out") == 1


def test_a_gauge_that_computes_its_value_is_asked_for_it() -> None:
    gauge = Gauge("shop_open", "Open orders")
    gauge.set_function(lambda: 7.0)
    try:
        text = text_of_families(registered_families()).decode()
    finally:
        REGISTRY.unregister(gauge)

    assert "shop_open 7.0" in text
