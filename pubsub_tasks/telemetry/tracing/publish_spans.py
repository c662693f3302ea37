"""Spans of publishes: one for each message, and one for each call that carries a batch of them.

A message that is sent alone has a span "send", in whose context it is sent. A message that is collected for a
batch has a span "create", and the call that carries the batch has a span "send" with links to those.
"""

import traceback
from dataclasses import dataclass, replace
from typing import Any

from opentelemetry import context as contexts
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, get_tracer, set_span_in_context

from ...tasks.middleware import Next
from ...untrusted.exceptions import error_name, error_text, traceback_of
from ...wire.records import TRACEPARENT, Attribute, EntryFailure
from . import names
from .guarded_spans import end_span, start_span
from .trace_context import extract, inject, links

_FRAMES = -50
"""The innermost frames of an exception's traceback that are recorded."""

_PUBLICATION = contexts.create_key("pubsub_tasks-publication")


@dataclass(slots=True)
class _Publication:
    """The publish whose middleware is running. `outer` is the context around it."""

    span: Span
    outer: Context
    traceparent: Attribute | None
    sent: bool = False


def make_tracer() -> Tracer:
    """The library's tracer, of the provider that the application has set or will set."""
    return get_tracer("pubsub_tasks")


class PublishSpans:
    """Middleware for tracing: `publishing` around each publish, `sending` around each call."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def publishing(self, call_next: Next, publication: Any) -> Any:
        """Publish in a PRODUCER span, with its context in the attributes of the message."""
        media_type, options = publication.codec.media_type, publication.options
        outer = contexts.get_current()
        attributes = {names.MEDIA_TYPE: media_type}
        span = start_span(self._tracer, f"{names.SEND} {media_type}", SpanKind.PRODUCER, attributes)
        context = set_span_in_context(span, outer)
        carried = {**inject(context), **options.attributes}
        current = _Publication(span, outer, carried.get(TRACEPARENT))
        token = contexts.attach(contexts.set_value(_PUBLICATION, current, context))
        try:
            message_id = call_next(replace(publication, options=replace(options, attributes=carried)))
            span.set_attribute(names.MESSAGE_ID, message_id)
            return message_id
        except BaseException as error:
            record_error(span, error)
            raise
        finally:
            contexts.detach(token)
            operation = names.SEND if current.sent else names.CREATE
            span.set_attribute(names.OPERATION_NAME, operation)
            span.set_attribute(names.OPERATION_TYPE, operation)
            if not current.sent:
                span.update_name(f"{operation} {media_type}")
            end_span(span)

    def sending(self, call_next: Next, call: Any) -> Any:
        """Send messages without a second span by other instrumentation, which would replace their context."""
        destination = destination_attributes(call.destination)
        publication = contexts.get_value(_PUBLICATION)
        if isinstance(publication, _Publication) and _is_alone(publication, call.messages):
            publication.sent = True
            publication.span.update_name(f"{names.SEND} {destination[names.DESTINATION]}")
            publication.span.set_attributes(destination)
            return _without_instrumentation(call_next, call, contexts.get_current())
        outer = publication.outer if isinstance(publication, _Publication) else contexts.get_current()
        return self._send_batch(call_next, call, destination, outer)

    def _send_batch(self, call_next: Next, call: Any, destination: dict[str, str], outer: Context) -> Any:
        span = start_span(
            self._tracer,
            f"{names.SEND} {destination[names.DESTINATION]}",
            SpanKind.CLIENT,
            {
                **destination,
                names.OPERATION_NAME: names.SEND,
                names.OPERATION_TYPE: names.SEND,
                names.BATCH_COUNT: len(call.messages),
            },
            context=outer,
            links=links(*(extract(message.outgoing.attributes) for message in call.messages)),
        )
        try:
            answers = _without_instrumentation(call_next, call, set_span_in_context(span, outer))
            for failure in [each for each in answers if isinstance(each, EntryFailure)][:1]:
                record_failure(span, failure.code)
            return answers
        except BaseException as error:
            record_error(span, error)
            raise
        finally:
            end_span(span)


def record_error(span: Span, error: BaseException) -> None:
    """Record the error that an operation failed with. Never raises: the text of an error may be odd."""
    if not span.is_recording():
        return
    name, message = error_name(error), error_text(error)
    stacktrace = "".join(traceback.format_tb(traceback_of(error), _FRAMES))
    span.add_event(
        names.EXCEPTION,
        {
            names.EXCEPTION_TYPE: name,
            names.EXCEPTION_MESSAGE: _encodable(message),
            names.EXCEPTION_STACKTRACE: _encodable(f"{stacktrace}{name}: {message}"),
        },
    )
    record_failure(span, name)


def _encodable(text: str) -> str:
    """The text without lone surrogates: exporters lose a whole batch of spans if one cannot be encoded."""
    return text.encode("utf-8", "backslashreplace").decode()


def record_failure(span: Span, error_type: str) -> None:
    """Mark the operation of a span as failed."""
    span.set_attribute(names.ERROR_TYPE, error_type)
    span.set_status(Status(StatusCode.ERROR, error_type))


def _is_alone(publication: _Publication, messages: Any) -> bool:
    """Whether a call carries the message of this publish alone, and none of an earlier one."""
    carried = messages[0].outgoing.attributes.get(TRACEPARENT)
    return len(messages) == 1 and (carried is None or carried is publication.traceparent)


def _without_instrumentation(call_next: Next, call: Any, context: Context) -> Any:
    token = contexts.attach(contexts.set_value(contexts._SUPPRESS_INSTRUMENTATION_KEY, True, context))
    try:
        return call_next(call)
    finally:
        contexts.detach(token)


def destination_attributes(destination: str) -> dict[str, str]:
    """The attributes of a topic (ARN) or queue (URL)."""
    if destination.startswith("arn:"):
        name = destination.rpartition(":")[2]
        return {names.SYSTEM: names.SNS, names.DESTINATION: name, names.TOPIC_ARN: destination}
    name = destination.rpartition("/")[2]
    return {names.SYSTEM: names.SQS, names.DESTINATION: name, names.QUEUE_URL: destination}
