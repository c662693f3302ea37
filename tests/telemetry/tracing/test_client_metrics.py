"""OpenTelemetry's messaging metrics, as an observer makes them of events."""

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.semconv._incubating.metrics import messaging_metrics

from pubsub_tasks.tasks.events import NotPublished, Published, Received, Settled
from pubsub_tasks.telemetry.tracing import client_metrics, names
from pubsub_tasks.telemetry.tracing.client_metrics import MAX_ERROR_TYPES, ClientMetrics
from pubsub_tasks.verdicts import Ack, DeadLetter, Retry
from tests.samples import ORDER, TOPIC, delivery

QUEUE = {names.SYSTEM: "aws_sqs", names.DESTINATION: "orders"}


def points(*events):
    """The data points after these events: attributes and value by the metric's name."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    observe = ClientMetrics(provider.get_meter("test"))
    for event in events:
        observe(event)
    data = reader.get_metrics_data()
    provider.shutdown()
    metrics = data.resource_metrics[0].scope_metrics[0].metrics if data else []
    return {
        metric.name: [
            (dict(point.attributes), getattr(point, "value", getattr(point, "sum", None)))
            for point in metric.data.data_points
        ]
        for metric in metrics
    }


def test_names_are_those_of_the_conventions():
    ours = {client_metrics.SENT, client_metrics.CONSUMED, client_metrics.DURATION}

    assert ours <= {value for value in vars(messaging_metrics).values() if isinstance(value, str)}


def test_messages_are_counted_by_destination_and_error():
    found = points(
        Published(ORDER, "m-1", TOPIC, 0.1),
        Published(ORDER, "m-2", TOPIC, 0.1),
        NotPublished(ORDER, "m-3", TOPIC, "Throttled"),
        Published(ORDER, "m-4", f"a message to {TOPIC} at 2026-11-27 10:00:00 UTC", 0.1),
        Received("orders", 7),
        Received("orders", 0),
    )

    to_topic = {names.OPERATION_NAME: "send", names.SYSTEM: "aws.sns", names.DESTINATION: "orders"}
    assert found[client_metrics.SENT] == [
        (to_topic, 2),
        (to_topic | {names.ERROR_TYPE: "Throttled"}, 1),
        ({names.OPERATION_NAME: "send", names.SYSTEM: "aws_sqs"}, 1),
    ]
    assert found[client_metrics.CONSUMED] == [(QUEUE | {names.OPERATION_NAME: "receive"}, 7)]


def test_error_types_are_bounded_since_classes_can_be_made_while_code_runs():
    odd = [type(f"Failed{number}", (Exception,), {})() for number in range(MAX_ERROR_TYPES + 5)]
    events = [Settled("orders", delivery(), "shop.bill", Retry(1, error), 1.0) for error in odd]

    found = points(*events, NotPublished(ORDER, "m-1", TOPIC, "no such host: a.example\n"))

    handled = found[client_metrics.DURATION]
    assert len(handled) == MAX_ERROR_TYPES + 1
    assert handled[-1] == (
        QUEUE | {names.OPERATION_NAME: "process", names.ERROR_TYPE: names.OTHER_ERROR},
        5.0,
    )
    assert [sent[names.ERROR_TYPE] for sent, _ in found[client_metrics.SENT]] == ["_OTHER"]


def test_handling_is_timed_by_queue_and_error():
    found = points(
        Settled("orders", delivery(), "shop.bill", Ack(), 0.5),
        Settled("orders", delivery(), "shop.bill", Retry(1, TimeoutError()), 2.0),
        Settled("orders", delivery(), "shop.bill", DeadLetter("expired"), 0.25),
        Settled("orders", delivery(), None, DeadLetter("unknown"), 9.0),
    )

    processed = QUEUE | {names.OPERATION_NAME: "process"}
    assert found[client_metrics.DURATION] == [
        (processed, 0.5),
        (processed | {names.ERROR_TYPE: "TimeoutError"}, 2.0),
        (processed | {names.ERROR_TYPE: "expired"}, 0.25),
    ]
