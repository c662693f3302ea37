"""Spans of handled messages: a CONSUMER span around each call of a handler, ended when the verdict is known.

Middleware starts the span, and the event `Settled` ends it with the verdict: the retry policy decides after
the middleware has returned.
"""

import time
from dataclasses import dataclass
from typing import Any

from opentelemetry import context as contexts
from opentelemetry.trace import Span, SpanKind, Tracer, set_span_in_context

from ...messages.current_message import current_message
from ...messages.delivery import Delivery
from ...messages.message import REQUEST_ID
from ...tasks.events import Settled
from ...tasks.middleware import Layer, Next
from ...verdicts import DeadLetter, Drop, Verdict
from ..log_observer import word
from . import names
from .publish_spans import record_error, record_failure
from .trace_context import extract_from, links

MOST_OPEN = 10_000
"""Spans that wait for a verdict. Handlers that are cancelled while a worker stops get none."""


@dataclass(slots=True)
class _Open:
    span: Span
    ended_at: int | None = None


class HandlingSpans:
    """Middleware and observer for tracing. `as_child` makes the publisher's span the parent, not a link."""

    kinds = (Settled,)

    def __init__(self, tracer: Tracer, *, as_child: bool = False) -> None:
        self._tracer = tracer
        self._as_child = as_child
        self._open: dict[str, _Open] = {}
        self.layer = Layer(self._plain, self._coroutine)

    def __call__(self, event: Settled) -> None:
        """End the span of a message. One that failed before a handler was called gets a span here."""
        opened = self._open.pop(event.delivery.record.receipt_handle, None)
        if opened is None:
            if not isinstance(event.verdict, DeadLetter | Drop):
                return
            opened = _Open(self._start(event.delivery, event.queue, event.task))
        _set_verdict(opened.span, event.verdict)
        opened.span.end(opened.ended_at)

    def _plain(self, call_next: Next, call: Any) -> Any:
        opened = self._begin(call.delivery, call.task.name)
        token = contexts.attach(set_span_in_context(opened.span))
        try:
            return call_next(call)
        finally:
            opened.ended_at = time.time_ns()
            contexts.detach(token)

    async def _coroutine(self, call_next: Next, call: Any) -> Any:
        opened = self._begin(call.delivery, call.task.name)
        token = contexts.attach(set_span_in_context(opened.span))
        closed = False
        try:
            return await call_next(call)
        except GeneratorExit:
            closed = True  # perhaps in another context, where the token means nothing
            raise
        finally:
            opened.ended_at = time.time_ns()
            if not closed:
                contexts.detach(token)

    def _begin(self, delivery: Delivery, task: str) -> _Open:
        handled = current_message()
        opened = _Open(self._start(delivery, handled.queue if handled else "", task))
        self._open[delivery.record.receipt_handle] = opened
        if len(self._open) > MOST_OPEN:
            oldest = self._open.pop(next(iter(self._open)), opened)
            oldest.span.end(oldest.ended_at)
        return opened

    def _start(self, delivery: Delivery, queue: str, task: str | None) -> Span:
        published = extract_from(delivery)
        attributes: dict[str, str | int] = {
            names.SYSTEM: names.SQS,
            names.DESTINATION: queue,
            names.OPERATION_NAME: names.PROCESS,
            names.OPERATION_TYPE: names.PROCESS,
            names.MESSAGE_ID: delivery.id,
            names.ATTEMPT: delivery.attempt,
        }
        optional = {
            names.TASK: task,
            names.MEDIA_TYPE: delivery.media_type,
            names.CONVERSATION_ID: delivery.headers.get(REQUEST_ID),
        }
        attributes.update({name: value for name, value in optional.items() if value})
        return self._tracer.start_span(
            f"{names.PROCESS} {queue}",
            published if self._as_child and published else None,
            SpanKind.CONSUMER,
            attributes,
            [] if self._as_child else links(published),
        )


def _set_verdict(span: Span, verdict: Verdict) -> None:
    if not span.is_recording():
        return
    span.set_attribute(names.VERDICT, word(verdict))
    if isinstance(verdict, DeadLetter | Drop):
        span.set_attribute(names.REASON, str(verdict.reason))
    error = getattr(verdict, "error", None)
    if error is not None:
        record_error(span, error)
    elif isinstance(verdict, DeadLetter):
        record_failure(span, verdict.reason)
