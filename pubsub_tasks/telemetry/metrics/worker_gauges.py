"""Gauges of workers, made from their statuses and from what their queues say."""

from collections.abc import Iterable, Mapping
from typing import Any

from . import catalog
from .families import Family, plain_family

STATES = {"running": "running", "buffered": "buffered", "waiting": "waiting_in_hand", "settling": "settling"}
"""Values of the label `state`, and the keys of a status that have them."""

WINDOW = 60.0
"""Seconds over which the rate of handling is measured."""


def worker_gauges(statuses: Iterable[Mapping[str, Any]]) -> list[Family]:
    """What workers hold, from their statuses (`Worker.status`)."""
    held: dict[tuple[str, ...], float] = {}
    oldest: dict[tuple[str, ...], float] = {}
    for status in statuses:
        queue = status["queue"]
        for state, key in STATES.items():
            value = status[key]
            held[queue, state] = len(value) if isinstance(value, list) else value
        oldest[(queue,)] = status["oldest_seconds"]
    return [plain_family(catalog.IN_FLIGHT, held), plain_family(catalog.OLDEST, oldest)]


def backlogs(families: Iterable[Family]) -> Family:
    """For each queue with a known depth, the seconds in which its workers handle what waits now.

    What waits is visible on the queue, or received and not started. Sleeping retries are neither. If nothing
    was handled lately, the rate is taken as one message in `WINDOW`.
    """
    waiting: dict[tuple[str, ...], float] = {}
    rates: dict[tuple[str, ...], float] = {}
    buffered: dict[tuple[str, ...], float] = {}
    for each in families:
        for _, labels, value in each.samples:
            values = tuple(text for _, text in labels)
            if each.name == catalog.QUEUE_DEPTH.name and values[1] == "visible":
                waiting[values[:1]] = value
            elif each.name == catalog.IN_FLIGHT.name and values[1] == "buffered":
                buffered[values[:1]] = value
            elif each.name == catalog.HANDLED_RATE.name:
                rates[values] = value
    return plain_family(
        catalog.BACKLOG,
        {
            queue: (count + buffered.get(queue, 0)) / max(rates[queue], 1 / WINDOW)
            for queue, count in waiting.items()
            if queue in rates
        },
    )
