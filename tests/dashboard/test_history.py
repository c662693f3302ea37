"""The last hour of the queues."""

import pytest

from pubsub_tasks.dashboard.measures.history import BUCKETS, HOUR, SPANS, History
from pubsub_tasks.dashboard.measures.overview import overview_rows
from pubsub_tasks.dashboard.measures.queue_sample import Look, QueueSample
from pubsub_tasks.dashboard.measures.worker_status import ServedQueueStatus, WorkerProcess

NOW = 1_700_000_000.0
ORDERS = QueueSample("orders", "https://sqs/1/shop-orders", 5, 4, 0, 1)


def worker(handled: int, *, pid: int = 1, in_hand: int = 0, queue: str = "shop-orders") -> WorkerProcess:
    served = ServedQueueStatus(queue, 8, in_hand, handled, 0, 0, False, [], [])
    return WorkerProcess("box:8080", pid, "1", [served])


def history_of(*looks: Look) -> History:
    history = History()
    for look in looks:
        history.add(look)
    return history


def test_a_page_of_many_queues_asks_for_the_span_once_a_chart() -> None:
    class Counting(History):
        spans = 0

        @property
        def span(self) -> float:
            self.spans += 1
            return super().span

    history = Counting()
    for step in range(50):
        history.add(Look(NOW + step, [ORDERS]))

    overview_rows(history)

    assert history.spans == 3  # it looks at all queues: for each point, 100 queues took a second


def test_the_rate_is_what_known_workers_have_handled_in_the_last_minute() -> None:
    history = history_of(
        *(Look(NOW + 5 * step, [ORDERS], [worker(50 * step)]) for step in range(20)),
    )

    assert history.rate(ORDERS) == 10.0


def test_the_rate_is_unknown_without_a_worker_of_the_queue() -> None:
    history = history_of(
        Look(NOW, [ORDERS], [worker(1, queue="other")]), Look(NOW + 5, [ORDERS], [worker(9, queue="other")])
    )

    assert history.rate(ORDERS) is None


def test_a_restarted_worker_does_not_count_backwards() -> None:
    history = history_of(
        Look(NOW, [ORDERS], [worker(1000), worker(10, pid=2)]),
        Look(NOW + 5, [ORDERS], [worker(3, pid=3), worker(60, pid=2)]),
    )

    assert history.rate(ORDERS) == 10.0


def test_what_is_in_flight_and_in_no_hand_sleeps() -> None:
    looks = (Look(NOW, [ORDERS], [worker(0, in_hand=3)]), Look(NOW + 5, [ORDERS], []))

    assert [row.sleeping for row in overview_rows(history_of(looks[0]))] == [1]
    assert [row.sleeping for row in overview_rows(history_of(*looks))] == [None]


def test_more_in_hand_than_in_flight_is_nobody_asleep() -> None:
    (row,) = overview_rows(history_of(Look(NOW, [ORDERS], [worker(0, in_hand=9)])))

    assert row.sleeping == 0


def test_a_chart_ends_now_and_knows_nothing_before_the_first_look() -> None:
    history = history_of(Look(NOW, [ORDERS]), Look(NOW + 60, [ORDERS]))

    depths = history.depths(ORDERS)

    assert len(depths) == BUCKETS
    assert sum(depth is not None for depth in depths) == 60 / (history.span / BUCKETS) + 1
    assert depths[-1] == 5


@pytest.mark.parametrize(("seconds", "shown"), [(0, "last 5 min"), (300, "last 15 min"), (901, "last hour")])
def test_a_chart_shows_no_more_than_is_known(seconds: int, shown: str) -> None:
    assert SPANS[history_of(Look(NOW, [ORDERS]), Look(NOW + seconds, [ORDERS])).span] == shown


def test_a_peak_within_a_point_is_kept() -> None:
    peak = QueueSample("orders", ORDERS.url, 900)
    history = history_of(Look(NOW, [peak]), Look(NOW + 1, [ORDERS]))

    assert history.depths(ORDERS)[-1] == 900


def test_what_is_older_than_an_hour_is_forgotten() -> None:
    deep = QueueSample("orders", ORDERS.url, 900)
    history = history_of(Look(NOW, [deep]), *(Look(NOW + 300 * step, [ORDERS]) for step in range(1, 14)))

    assert set(history.depths(ORDERS)) <= {None, 5}
    assert history.span == HOUR


def test_rows_are_in_the_order_of_names() -> None:
    queues = [QueueSample(name, f"https://sqs/1/{name}") for name in ("b", "a", "c")]

    assert [row.queue.name for row in overview_rows(history_of(Look(NOW, queues)))] == ["a", "b", "c"]
