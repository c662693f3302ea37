"""Metrics of several processes become one."""

import json

from pubsub_tasks.telemetry.metrics.catalog import OLDEST, RECEIVED, SLEEPING
from pubsub_tasks.telemetry.metrics.families import (
    Family,
    Sample,
    combine,
    from_json,
    named_after,
    plain_family,
)


def values(families: list[Family]) -> dict[str, float]:
    return {
        sample.name + "".join(f" {name}={value}" for name, value in sample.labels): sample.value
        for each in families
        for sample in each.samples
    }


def test_counters_are_added_and_gauges_are_added_or_the_largest_is_kept() -> None:
    one = [plain_family(metric, {("orders",): 2}) for metric in (RECEIVED, SLEEPING, OLDEST)]
    two = [plain_family(metric, {("orders",): 5, ("mails",): 1}) for metric in (RECEIVED, SLEEPING, OLDEST)]

    assert values(combine([*one, *two])) == {
        "pubsub_tasks_received_messages_total queue=orders": 7,
        "pubsub_tasks_received_messages_total queue=mails": 1,
        "pubsub_tasks_sleeping queue=orders": 7,
        "pubsub_tasks_sleeping queue=mails": 1,
        "pubsub_tasks_oldest_in_flight_seconds queue=orders": 5,
        "pubsub_tasks_oldest_in_flight_seconds queue=mails": 1,
    }


def test_gauges_of_the_application_say_which_process_they_are_of() -> None:
    gauge = Family("open", "gauge", "", [Sample("open", (), 1), Sample("open", (("process", "x"),), 2)])
    counter = Family("seen", "counter", "", [Sample("seen_total", (), 3)])

    assert values(named_after("orders-1", [gauge, counter, plain_family(SLEEPING, {("orders",): 4})])) == {
        "open process=orders-1": 1,
        "open process=x pubsub_process=orders-1": 2,
        "seen_total": 3,
        "pubsub_tasks_sleeping queue=orders": 4,
    }


def test_a_name_that_has_another_type_elsewhere_is_left_out() -> None:
    families = [Family("x", kind, "", [Sample("x", (), 1)]) for kind in ("gauge", "counter", "gauge")]

    assert values(combine(families)) == {"x": 2}


def test_they_travel_as_json() -> None:
    families = [plain_family(RECEIVED, {("orders",): 2})]

    assert from_json(json.loads(json.dumps(families))) == families
