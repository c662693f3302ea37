"""Spans of an app with `pubsub_tracing.enabled`: of publishes, of handlers, and how they are linked."""

import asyncio
import subprocess
import sys

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.semconv._incubating.attributes import aws_attributes, messaging_attributes
from opentelemetry.semconv.attributes import error_attributes, exception_attributes
from opentelemetry.trace import SpanKind, StatusCode

from pubsub_tasks.content.codec import Codec
from pubsub_tasks.content.schema_registry import SchemaRegistry
from pubsub_tasks.decorators import task
from pubsub_tasks.errors import MissingExtra, PublishFailed
from pubsub_tasks.publishing.deferred import deferred
from pubsub_tasks.publishing.producer import Producer
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.signals import SkipMessage
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.telemetry.tracing import names
from pubsub_tasks.telemetry.tracing.publish_spans import PublishSpans
from tests.samples import ORDER, TOPIC, OrderPlaced, RememberingPublisher

ORDERED = {"order_id": "o-1", "total": "9.99"}


def bill_with(tasks, act=lambda: None, **options):
    @task(OrderPlaced, tasks=tasks, name="shop.bill", **options)
    def bill(order_id):
        act()

    return bill


def linked(span):
    return [link.context.span_id for link in span.links]


def process_spans(found):
    (name,) = [each for each in found if each.startswith("process ")]
    return found[name] if isinstance(found[name], list) else [found[name]]


def sent_span(found):
    (name,) = [each for each in found if each.startswith("send ")]
    return found[name]


def test_a_handled_message_is_linked_to_its_publish(spans, pubsub_of):
    tasks = Tasks()
    bill = bill_with(tasks)
    pubsub = pubsub_of(tasks)

    message_id = bill.publish(**ORDERED)
    pubsub.run()

    sent, (processed,) = sent_span(spans()), process_spans(spans())
    assert (sent.kind, processed.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
    assert linked(processed) == [sent.context.span_id]
    assert processed.parent is None
    assert sent.attributes[names.MESSAGE_ID] == processed.attributes[names.MESSAGE_ID] == message_id
    assert sent.name == f"send {sent.attributes[names.DESTINATION]}"
    assert sent.attributes[names.OPERATION_TYPE] == "send"
    assert sent.attributes[names.TOPIC_ARN].endswith(sent.attributes[names.DESTINATION])
    assert dict(processed.attributes) == {
        names.SYSTEM: "aws_sqs",
        names.DESTINATION: "default",
        names.OPERATION_NAME: "process",
        names.OPERATION_TYPE: "process",
        names.MESSAGE_ID: message_id,
        names.CONVERSATION_ID: processed.attributes[names.CONVERSATION_ID],
        names.TASK: "shop.bill",
        names.MEDIA_TYPE: ORDER,
        names.ATTEMPT: 1,
        names.VERDICT: "ack",
    }
    assert processed.status.status_code is StatusCode.UNSET


def test_with_the_setting_the_publish_is_the_parent(spans, pubsub_of):
    tasks = Tasks()
    bill = bill_with(tasks)
    pubsub = pubsub_of(tasks, pubsub_tracing={"enabled": "true", "parent": "true"})

    bill.publish(**ORDERED)
    pubsub.run()

    sent, (processed,) = sent_span(spans()), process_spans(spans())
    assert processed.parent.span_id == sent.context.span_id
    assert processed.context.trace_id == sent.context.trace_id
    assert linked(processed) == []


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
def test_what_a_handler_does_is_within_its_span_and_what_follows_is_not(spans, pubsub_of, kind):
    tasks, tracer = Tasks(), trace.get_tracer("shop")

    def bill(order_id):
        with tracer.start_as_current_span("charge"):
            pass

    async def abill(order_id):
        await asyncio.sleep(0)
        with tracer.start_as_current_span("charge"):
            pass

    billed = task(OrderPlaced, tasks=tasks)(bill if kind == "plain" else abill)
    pubsub = pubsub_of(tasks)
    billed.publish(**ORDERED)
    pubsub.run()

    (processed,) = process_spans(spans())
    assert spans()["charge"].parent.span_id == processed.context.span_id
    assert not trace.get_current_span().get_span_context().is_valid


@pytest.mark.parametrize("queue", ["orders", "orders.fifo"])
def test_each_attempt_has_a_span_with_its_verdict_linked_to_the_same_publish(spans, pubsub_of, queue):
    tasks, attempts = Tasks(), []

    def fail_once():
        attempts.append(1)
        if len(attempts) == 1:
            raise TimeoutError("the bank is slow")

    bill = bill_with(tasks, fail_once, queue=queue)
    pubsub = pubsub_of(tasks)
    bill.options(group_id="o-1").publish(**ORDERED)
    pubsub.run(raise_errors=False)

    sent, processed = sent_span(spans()), process_spans(spans())
    assert [linked(each) for each in processed] == [[sent.context.span_id]] * 2
    assert [each.attributes[names.ATTEMPT] for each in processed] == [1, 2]
    assert [each.attributes[names.VERDICT] for each in processed] == ["retry", "ack"]
    failed = processed[0]
    assert failed.status.status_code is StatusCode.ERROR
    assert failed.attributes[names.ERROR_TYPE] == "TimeoutError"
    (event,) = failed.events
    assert event.name == "exception"
    assert event.attributes[names.EXCEPTION_MESSAGE] == "the bank is slow"
    assert "in fail_once" in event.attributes[names.EXCEPTION_STACKTRACE]


def test_a_dead_letter_says_why_and_a_skip_is_no_error(spans, pubsub_of):
    tasks = Tasks()

    def skip():
        raise SkipMessage("cancelled")

    bill = bill_with(tasks, skip)
    pubsub = pubsub_of(tasks)
    bill.publish(**ORDERED)
    pubsub.deliver("not JSON")
    pubsub.run(raise_errors=False)

    skipped, unreadable = process_spans(spans())
    assert (skipped.attributes[names.VERDICT], skipped.status.status_code) == ("skip", StatusCode.UNSET)
    assert unreadable.attributes[names.VERDICT] == "dead_letter"
    assert unreadable.attributes[names.REASON] == "undecodable"
    assert unreadable.status.status_code is StatusCode.ERROR


def test_a_batch_has_a_span_with_links_to_its_messages(spans, pubsub_of):
    tasks = Tasks()
    bill = bill_with(tasks)
    pubsub = pubsub_of(tasks)

    with bill.batch() as batch:
        for _ in range(12):
            batch.publish(**ORDERED)
    pubsub.run()

    created, sent = spans()[f"create {ORDER}"], sent_span(spans())
    assert [each.kind for each in (*created, *sent)] == [SpanKind.PRODUCER] * 12 + [SpanKind.CLIENT] * 2
    assert [each.attributes[names.BATCH_COUNT] for each in sent] == [10, 2]
    assert linked(sent[0]) + linked(sent[1]) == [each.context.span_id for each in created]
    assert [each.parent for each in sent] == [None, None]
    assert {tuple(linked(each)) for each in process_spans(spans())} == {
        (each.context.span_id,) for each in created
    }
    assert {each.attributes[names.OPERATION_TYPE] for each in created} == {"create"}


def test_a_deferred_block_s_messages_are_created_in_it_and_sent_at_its_end(spans, pubsub_of):
    tasks = Tasks()
    bill = bill_with(tasks)
    pubsub_of(tasks)

    with trace.get_tracer("shop").start_as_current_span("request"), deferred():
        bill.publish(**ORDERED)

    found = spans()
    assert linked(sent_span(found)) == [found[f"create {ORDER}"].context.span_id]
    assert sent_span(found).parent.span_id == found["request"].context.span_id


@pytest.mark.parametrize(("own", "is_carried"), [(7, True), (8, False), (9, False)])
def test_the_context_gives_way_to_attributes(spans, pubsub_of, own, is_carried):
    tasks = Tasks()
    bill = bill_with(tasks)
    pubsub = pubsub_of(tasks)

    bill.options(attributes={f"a{number}": "x" for number in range(own)}).publish(**ORDERED)
    pubsub.run()

    sent, (processed,) = sent_span(spans()), process_spans(spans())
    assert linked(processed) == ([sent.context.span_id] if is_carried else [])


def test_a_failed_publish_is_an_error(spans, pubsub_of):
    tasks = Tasks()
    bill = bill_with(tasks)
    pubsub = pubsub_of(tasks)
    pubsub.fail_publishing(bill)

    with pytest.raises(PublishFailed):
        bill.publish(**ORDERED)

    sent = sent_span(spans())
    assert sent.attributes[names.ERROR_TYPE] == "pubsub_tasks.errors.PublishFailed"
    assert sent.status.status_code is StatusCode.ERROR


def test_a_publish_succeeds_once_though_a_span_processor_fails():
    class Broken(SpanProcessor):
        def on_end(self, span):
            raise ValueError("no end")

    provider, publisher = TracerProvider(), RememberingPublisher()
    provider.add_span_processor(Broken())
    made = PublishSpans(provider.get_tracer("test"))
    producer = Producer(
        publisher,
        Topics(default=TOPIC),
        SchemaRegistry(),
        middleware=[made.publishing],
        sending=[made.sending],
    )

    assert producer.publish(Codec(OrderPlaced), ORDERED)
    assert len(publisher.published) == 1


def test_names_are_those_of_the_conventions():
    conventions = {
        value
        for module in (messaging_attributes, aws_attributes, error_attributes, exception_attributes)
        for value in vars(module).values()
        if isinstance(value, str)
    }
    ours = {value for name, value in vars(names).items() if name.isupper()}
    systems = {each.value for each in messaging_attributes.MessagingSystemValues}
    operations = {each.value for each in messaging_attributes.MessagingOperationTypeValues}
    own = {value for value in ours if value.startswith("pubsub_tasks.")}

    assert {names.SNS, names.SQS} <= systems
    assert {names.CREATE, names.SEND, names.PROCESS} <= operations
    errors = {each.value for each in error_attributes.ErrorTypeValues}
    assert ours - own - systems - operations - errors - {"exception"} <= conventions


def test_opentelemetry_is_imported_only_if_tracing_is_enabled():
    code = """if True:
        import sys
        from pubsub_tasks.graph.object_graph import create_object_graph
        graph = create_object_graph("shop", testing=True)
        graph.use("sns_producer", "pubsub_middleware", "pubsub_observers")
        assert not [name for name in sys.modules if name.startswith("opentelemetry")]
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_library_is_reported_with_what_to_install(pubsub_of, monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.propagators.aws", None)
    for name in [each for each in sys.modules if each.startswith("pubsub_tasks.telemetry.tracing.")]:
        monkeypatch.delitem(sys.modules, name)

    with pytest.raises(MissingExtra, match=r"pip install 'pubsub-tasks\[otel\]'"):
        pubsub_of(Tasks())
