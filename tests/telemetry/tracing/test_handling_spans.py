"""Spans of handled messages in odd circumstances: other publishers, odd errors, cancellation, no sampling."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON
from opentelemetry.trace import get_current_span

from pubsub_tasks.tasks.events import Settled
from pubsub_tasks.telemetry.tracing import handling_spans, names
from pubsub_tasks.telemetry.tracing.handling_spans import HandlingSpans
from pubsub_tasks.verdicts import Ack, DeadLetter, Retry
from pubsub_tasks.wire.records import Attribute, text
from tests.samples import delivery

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
XRAY = f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent=00f067aa0ba902b7;Sampled=1"


def handling(sampler=ALWAYS_ON, processor=None):
    """The middleware and observer, and the exporter that their spans go to."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(sampler=sampler)
    provider.add_span_processor(processor or SimpleSpanProcessor(exporter))
    return HandlingSpans(provider.get_tracer("test")), exporter


def call_of(message):
    return SimpleNamespace(delivery=message, task=SimpleNamespace(name="shop.bill"))


def handle(spans, message, verdict=None, act=lambda call: None):
    spans.layer.plain(act, call_of(message))
    spans(Settled("orders", message, "shop.bill", verdict or Ack(), 0.1))


@pytest.mark.parametrize(
    ("attributes", "header", "span"),
    [
        ({"traceparent": text(PARENT)}, XRAY, 0xB7AD6B7169203331),
        ({}, XRAY, 0x00F067AA0BA902B7),
        ({"traceparent": text("00-nonsense")}, XRAY, 0x00F067AA0BA902B7),
        ({"traceparent": Attribute("Binary", b"\xff")}, None, None),
        ({"tracestate": text("a=b")}, "Root=nonsense", None),
        ({}, "", None),
    ],
)
def test_the_publisher_s_context_is_read_from_attributes_or_else_from_x_ray_s_header(
    attributes, header, span
):
    spans, exporter = handling()
    message = delivery(attributes=attributes)

    handle(spans, replace(message, record=replace(message.record, trace_header=header)))

    (finished,) = exporter.get_finished_spans()
    assert [link.context.span_id for link in finished.links] == ([span] if span else [])


def test_an_error_whose_text_cannot_be_made_is_recorded():
    class Odd(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    spans, exporter = handling()
    handle(spans, delivery(), Retry(1, Odd()))

    (finished,) = exporter.get_finished_spans()
    assert finished.attributes[names.ERROR_TYPE].endswith("Odd")
    assert finished.attributes[names.VERDICT] == "retry"


def test_a_time_limit_that_cancels_a_coroutine_leaves_its_verdict_to_the_span():
    spans, exporter = handling()
    message = delivery()

    async def cancelled():
        async def sleep(call):
            await asyncio.sleep(60)

        running = asyncio.ensure_future(spans.layer.coroutine(sleep, call_of(message)))
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return get_current_span().get_span_context().is_valid

    assert not asyncio.run(cancelled())
    spans(Settled("orders", message, "shop.bill", DeadLetter("exhausted", TimeoutError()), 0.1))

    (finished,) = exporter.get_finished_spans()
    assert finished.attributes[names.REASON] == "exhausted"


def test_a_span_that_gets_no_verdict_is_ended_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(handling_spans, "MOST_OPEN", 2)
    spans, exporter = handling()

    for number in range(3):
        message = delivery()
        message = replace(message, record=replace(message.record, receipt_handle=f"r-{number}"))
        spans.layer.plain(lambda call: None, call_of(message))

    (finished,) = exporter.get_finished_spans()
    assert names.VERDICT not in finished.attributes


def test_what_is_not_sampled_is_neither_recorded_nor_kept():
    spans, exporter = handling(ALWAYS_OFF)
    handle(spans, delivery(), Retry(1, ValueError("no")))

    assert exporter.get_finished_spans() == ()
    assert len(spans._open) == 0


def test_a_broken_span_processor_harms_no_message(caplog):
    class NoSpan(Exception):
        pass

    class Broken(SpanProcessor):
        def on_start(self, span, parent_context=None):
            raise NoSpan

        def on_end(self, span):
            raise NoSpan

    handled, spans = [], handling(processor=Broken())[0]
    handle(spans, delivery(), act=handled.append)
    handle(spans, delivery(), act=handled.append)

    assert len(handled) == 2
    assert caplog.text.count("a span cannot be started") == 1


def test_what_publishers_choose_can_be_exported():
    spans, exporter = handling()
    message = replace(delivery(), id="id\ud800" * 2000, media_type="type\ud800")
    handle(spans, message, DeadLetter("failed", ValueError("text\ud800")))

    (finished,) = exporter.get_finished_spans()
    for attributes in (finished.attributes, finished.events[0].attributes):
        assert [str(value).encode() for value in attributes.values()]
    assert len(finished.attributes[names.MESSAGE_ID]) < 1000
