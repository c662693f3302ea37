"""All metrics by name, with their types and labels. The manual (`metrics`) lists them."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        name: the name without the suffixes that the exposition format adds (`_total`, `_bucket`).
        help: what it says, for the exposition format.
        labels: the names of its labels.
        combine: how the values of several processes become one. Counters and histograms are always added.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...]
    combine: Literal["sum", "max"] = "sum"


HANDLING = Metric(
    "pubsub_tasks_handling_seconds",
    "histogram",
    "Handling time of each delivery, by verdict.",
    ("queue", "task", "verdict"),
)
LATENCY = Metric(
    "pubsub_tasks_queue_latency_seconds",
    "histogram",
    "Time from publish to the start of the first attempt.",
    ("queue", "task"),
)
RECEIVES = Metric(
    "pubsub_tasks_receives", "counter", "Receive calls, with messages or empty.", ("queue", "result")
)
RECEIVED = Metric("pubsub_tasks_received_messages", "counter", "Messages received.", ("queue",))
EXTENDED = Metric("pubsub_tasks_leases_extended", "counter", "Visibility leases extended.", ("queue",))
LOST = Metric("pubsub_tasks_leases_lost", "counter", "Visibility leases lost.", ("queue",))
DEAD_LETTERS = Metric(
    "pubsub_tasks_dead_letters",
    "counter",
    "Messages that the dead-letter queue has accepted.",
    ("queue", "task", "reason"),
)
CALLS = Metric(
    "pubsub_tasks_api_call_seconds",
    "histogram",
    "Duration of calls to AWS, by outcome.",
    ("service", "action", "outcome"),
)
PUBLISHED = Metric(
    "pubsub_tasks_published_messages", "counter", "Messages that a topic or queue accepted.", ("media_type",)
)
PUBLISHED_BYTES = Metric(
    "pubsub_tasks_published_bytes",
    "counter",
    "Size of the published messages, body and attributes.",
    ("media_type",),
)
NOT_PUBLISHED = Metric(
    "pubsub_tasks_publish_failures",
    "counter",
    "Messages given up after all tries to publish them.",
    ("media_type", "code"),
)
IN_FLIGHT = Metric(
    "pubsub_tasks_in_flight", "gauge", "Messages that the worker holds, by state.", ("queue", "state")
)
OLDEST = Metric(
    "pubsub_tasks_oldest_in_flight_seconds",
    "gauge",
    "Time since the longest-held message was received.",
    ("queue",),
    "max",
)
SLEEPING = Metric(
    "pubsub_tasks_sleeping", "gauge", "Messages in the back-off that this worker gave them.", ("queue",)
)
QUEUE_DEPTH = Metric(
    "pubsub_tasks_queue_messages",
    "gauge",
    "Approximate number of messages on the queue, by state.",
    ("queue", "state"),
    "max",
)
HANDLED_RATE = Metric(
    "pubsub_tasks_handled_per_second", "gauge", "Deliveries handled a second, over a minute.", ("queue",)
)
BACKLOG = Metric(
    "pubsub_tasks_backlog_seconds",
    "gauge",
    "Time to handle what waits at the present rate.",
    ("queue",),
    "max",
)

METRICS = (
    HANDLING,
    LATENCY,
    RECEIVES,
    RECEIVED,
    EXTENDED,
    LOST,
    DEAD_LETTERS,
    CALLS,
    PUBLISHED,
    PUBLISHED_BYTES,
    NOT_PUBLISHED,
    IN_FLIGHT,
    OLDEST,
    SLEEPING,
    QUEUE_DEPTH,
    HANDLED_RATE,
    BACKLOG,
)
