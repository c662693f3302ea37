"""Depths and rates of queues."""

from pubsub_tasks.errors import TransportError
from pubsub_tasks.telemetry.metrics.queue_depths import INTERVAL, QueueDepths
from pubsub_tasks.telemetry.metrics.worker_gauges import WINDOW
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.wire.records import QueueAttributes


class Orders:
    """A queue, and what was handled of it."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.handled = 0
        self.unreachable = False
        self.depths = QueueDepths({"orders": self.attributes}, lambda name: self.handled, self.clock)

    def attributes(self) -> QueueAttributes:
        if self.unreachable:
            raise TransportError("no route", code="EndpointConnectionError")
        return QueueAttributes("arn", visible=5, in_flight=3, delayed=1)

    def values(self, number: int) -> dict[str, float]:
        samples = self.depths.families()[number].samples
        return {sample.labels[-1][1]: sample.value for sample in samples}


def test_depths_are_those_last_read() -> None:
    orders = Orders()
    assert orders.values(0) == {}
    orders.depths.read()
    assert orders.values(0) == {"visible": 5, "in_flight": 3, "delayed": 1}


def test_a_depth_that_cannot_be_read_any_more_is_not_told() -> None:
    orders = Orders()
    orders.depths.read()
    orders.unreachable = True
    orders.depths.read()
    assert orders.values(0) == {}


def test_rates_are_over_a_minute() -> None:
    orders = Orders()
    for _ in range(10):
        orders.clock.advance(INTERVAL)
        orders.handled += 60
        orders.depths.read()
    assert orders.values(1) == {"orders": 4.0}
    for _ in range(2):
        orders.clock.advance(INTERVAL)
        orders.depths.read()
    assert orders.values(1) == {"orders": 2.0}


def test_a_rate_is_known_before_the_minute_is_over() -> None:
    orders = Orders()
    orders.clock.advance(10)
    orders.handled = 20
    assert orders.values(1) == {"orders": 2.0}


def test_a_process_that_has_just_started_is_not_slow() -> None:
    orders = Orders()
    orders.clock.advance(WINDOW - 1)
    assert orders.values(1) == {}
    orders.clock.advance(1)
    assert orders.values(1) == {"orders": 0}


def test_it_reads_while_its_block_runs() -> None:
    orders = Orders()
    with orders.depths.reading():
        while not orders.values(0):
            pass
    assert orders.values(0)["visible"] == 5
