"""Spans of handled messages: a CONSUMER span around each call of a handler, ended when the verdict is known.

Middleware starts the span, and the event `Settled` ends it with the verdict: the retry policy decides after
the middleware has returned.
"""

import time
from dataclasses import dataclass
from typing import Any

from opentelemetry import context as contexts
from opentelemetry.trace import Span, SpanKind, Tracer, set_span_in_context

from ...messages.current_message import CurrentMessage, current_message
from ...messages.delivery import Delivery
from ...tasks.events import Settled
from ...tasks.middleware import Layer, Next
from ...untrusted.printable import LONGEST_TEXT, printable, text_of
from ...verdicts import DeadLetter, Drop, Verdict
from ..bounded_mapping import BoundedMapping
from ..log_observer import word
from . import names
from .guarded_spans import end_span, start_span
from .publish_spans import record_error, record_failure
from .trace_context import extract_from, links

MOST_OPEN = 10_000
"""Spans that wait for a verdict. Handlers that are cancelled while a worker stops get none."""


_FIELDS = {
    "message_id": names.MESSAGE_ID,
    "attempt": names.ATTEMPT,
    "task": names.TASK,
    "media_type": names.MEDIA_TYPE,
    "request_id": names.CONVERSATION_ID,
}


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
        self._open: BoundedMapping[str, _Open] = BoundedMapping(MOST_OPEN)
        self.layer = Layer(self._plain, self._coroutine)

    def __call__(self, event: Settled) -> None:
        """End the span of a message. One that failed before a handler was called gets a span here."""
        opened = self._open.pop(event.delivery.record.receipt_handle)
        if opened is None:
            if not isinstance(event.verdict, DeadLetter | Drop):
                return
            opened = _Open(self._start(event.delivery, event.queue, event.task))
        _set_verdict(opened.span, event.verdict)
        end_span(opened.span, opened.ended_at)

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
        forgotten = self._open.put(delivery.record.receipt_handle, opened)
        if forgotten is not None:
            end_span(forgotten.span, forgotten.ended_at)
        return opened

    def _start(self, delivery: Delivery, queue: str, task: str | None) -> Span:
        published = extract_from(delivery)
        attributes: dict[str, str | int] = {
            names.SYSTEM: names.SQS,
            names.DESTINATION: queue,
            names.OPERATION_NAME: names.PROCESS,
            names.OPERATION_TYPE: names.PROCESS,
        }
        fields = CurrentMessage(task, delivery, queue).fields()
        attributes.update({name: fields[field] for field, name in _FIELDS.items() if fields[field]})
        return start_span(
            self._tracer,
            f"{names.PROCESS} {queue}",
            SpanKind.CONSUMER,
            attributes,
            context=published if self._as_child and published else None,
            links=[] if self._as_child else links(published),
        )


def _set_verdict(span: Span, verdict: Verdict) -> None:
    if not span.is_recording():
        return
    span.set_attribute(names.VERDICT, word(verdict))
    if isinstance(verdict, DeadLetter | Drop):
        span.set_attribute(names.REASON, printable(text_of(verdict.reason), LONGEST_TEXT))
    error = getattr(verdict, "error", None)
    if error is not None:
        record_error(span, error)
    elif isinstance(verdict, DeadLetter):
        record_failure(span, verdict.reason)
