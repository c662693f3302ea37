"""Tracing beside `opentelemetry-instrumentation-botocore`, on the local broker over HTTP."""

import json

import boto3
import pytest
from microcosm.api import create_object_graph, load_from_dict
from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
from opentelemetry.trace import SpanKind

from pubsub_tasks.decorators import task
from pubsub_tasks.local.server import LocalServer
from pubsub_tasks.tasks.registry import Tasks
from tests.samples import ORDER, OrderPlaced

ORDERED = {"order_id": "o-1", "total": "9.99"}
REGION = "us-east-1"


@pytest.fixture(params=[True, False], ids=["with botocore's", "alone"])
def graph(request, monkeypatch):
    """An app on the local broker; with botocore instrumented and not."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    instrumentor = BotocoreInstrumentor()
    with LocalServer(region=REGION) as server:
        made = {"region_name": REGION, "endpoint_url": server.url}
        sns, sqs = boto3.client("sns", **made), boto3.client("sqs", **made)
        url = sqs.create_queue(QueueName="orders")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = sns.create_topic(Name="created-order")["TopicArn"]
        raw = {"RawMessageDelivery": "true"}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=raw)
        if request.param:
            instrumentor.instrument()
        config = {
            "pubsub_tracing": {"enabled": "true"},
            "sns_producer": made,
            "sns_topic_arns": {"mappings": json.dumps({ORDER: topic})},
            "sqs_consumer": {**made, "sqs_queue_url": url, "wait_seconds": 1},
        }
        made_graph = create_object_graph("shop", loader=load_from_dict(config))
        made_graph.assign("sqs_message_handler_registry", Tasks())
        yield made_graph
        if request.param:
            instrumentor.uninstrument()


def ids(spans):
    return {span.context.span_id for span in spans}


def test_a_message_has_one_span_and_its_handling_is_linked_to_it(spans, graph):
    handled = []

    @task(OrderPlaced, tasks=graph.sqs_message_handler_registry)
    def bill(order_id):
        handled.append(order_id)

    graph.use("sns_producer", "sqs_message_dispatcher")
    bill.publish(**ORDERED)
    bill.publish_many([ORDERED, ORDERED])
    while len(handled) < 3:
        graph.sqs_message_dispatcher.handle_batch()

    found = spans()
    sends = {span.kind: span for span in found["send created-order"]}
    created = found[f"create {ORDER}"]
    assert len(found["send created-order"]) == len(sends) == 2
    assert {link.context.span_id for link in sends[SpanKind.CLIENT].links} == ids(created)
    assert not [name for name in found if name.endswith(" send") or "Publish" in name]
    assert {link.context.span_id for each in found["process orders"] for link in each.links} == ids(
        [sends[SpanKind.PRODUCER], *created]
    )
