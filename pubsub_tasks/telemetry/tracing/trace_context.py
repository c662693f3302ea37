"""Trace contexts in messages: W3C Trace Context in message attributes, or X-Ray's in `AWSTraceHeader`."""

from collections.abc import Mapping
from typing import Any

from opentelemetry.context import Context
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.propagators.aws.aws_xray_propagator import TRACE_HEADER_KEY
from opentelemetry.trace import Link, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ...messages.delivery import Delivery
from ...wire.records import TRACE_CONTEXT, Attribute, text

_w3c = TraceContextTextMapPropagator()
_xray = AwsXRayPropagator()


def inject(context: Context) -> dict[str, Attribute]:
    """Return the attributes that carry the context; none if it has no span."""
    carrier: dict[str, Any] = {}
    _w3c.inject(carrier, context)
    return {name: text(value) for name, value in carrier.items()}


def extract(attributes: Mapping[str, Attribute]) -> Context:
    """Return the context that these attributes carry; an empty one if they carry none that is valid."""
    carrier = {
        name: attributes[name].value
        for name in TRACE_CONTEXT
        if name in attributes and isinstance(attributes[name].value, str)
    }
    return _w3c.extract(carrier, Context()) if carrier else Context()


def extract_from(delivery: Delivery) -> Context:
    """Return the context in which a message was created: its attributes', or else `AWSTraceHeader`'s."""
    context = extract(delivery.attributes)
    header = delivery.record.trace_header
    if header and not context:
        return _xray.extract({TRACE_HEADER_KEY: header}, Context())
    return context


def links(*contexts: Context) -> list[Link]:
    """Return links to the spans of these contexts, without those that have none."""
    spans = [get_current_span(context).get_span_context() for context in contexts]
    return [Link(span) for span in spans if span.is_valid]
