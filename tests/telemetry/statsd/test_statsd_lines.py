"""Metrics as lines of the DogStatsD protocol."""

from pubsub_tasks.telemetry.metrics.catalog import HANDLING, IN_FLIGHT, RECEIVED
from pubsub_tasks.telemetry.metrics.families import Family, family, plain_family
from pubsub_tasks.telemetry.metrics.histogram import Histogram
from pubsub_tasks.telemetry.statsd.statsd_lines import cumulative_values, datagrams, statsd_lines


def received(count: int) -> list[Family]:
    return [plain_family(RECEIVED, {("orders",): count}), plain_family(IN_FLIGHT, {("orders", "running"): 2})]


def test_counters_are_sent_by_how_much_they_grew_and_gauges_as_they_are() -> None:
    gauge = "pubsub_tasks.in_flight:2|g|#queue:orders,state:running"

    assert list(statsd_lines(received(7), {}, None)) == [
        "pubsub_tasks.received_messages_total:7|c|#queue:orders",
        gauge,
    ]
    before = cumulative_values(received(7))
    assert next(iter(statsd_lines(received(9), before, None))) == (
        "pubsub_tasks.received_messages_total:2|c|#queue:orders"
    )
    assert list(statsd_lines(received(7), before, None)) == [gauge]


def test_gauges_say_which_of_several_processes_they_are_of() -> None:
    lines = list(statsd_lines(received(7), {}, "orders-1"))

    assert lines[0].endswith("|#queue:orders")
    assert lines[1].endswith("|#queue:orders,state:running,process:orders-1")


def test_histograms_have_their_buckets_count_and_sum() -> None:
    histogram = Histogram()
    histogram.add(200.0)
    histogram.add(700.25)
    labels = (("queue", "orders"), ("task", "shop.handle"), ("verdict", "ack"))
    tags = "#queue:orders,task:shop.handle,verdict:ack"

    lines = list(statsd_lines([family(HANDLING, histogram.samples(HANDLING.name, labels))], {}, None))

    assert lines == [
        f"pubsub_tasks.handling_seconds_bucket:1|c|{tags},le:300.0",
        f"pubsub_tasks.handling_seconds_bucket:2|c|{tags},le:900.0",
        f"pubsub_tasks.handling_seconds_bucket:2|c|{tags},le:+Inf",
        f"pubsub_tasks.handling_seconds_count:2|c|{tags}",
        f"pubsub_tasks.handling_seconds_sum:900.25|c|{tags}",
    ]


def test_a_tag_cannot_end_its_line() -> None:
    odd = [plain_family(RECEIVED, {("a,b|c\n#d",): 1})]

    assert list(statsd_lines(odd, {}, None)) == ["pubsub_tasks.received_messages_total:1|c|#queue:a_b_c_d"]


def test_lines_are_joined_up_to_the_limit() -> None:
    assert list(datagrams(["aaaa", "bbbb", "cccc", "d" * 20, "e"], 9)) == [
        b"aaaa\nbbbb",
        b"cccc",
        b"d" * 20,
        b"e",
    ]
    assert list(datagrams([], 9)) == []
