"""Starts and ends spans, whatever the application's sampler and span processors raise.

A message must neither fail nor be published twice because of its span.
"""

from collections.abc import Mapping, Sequence

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Link, Span, SpanKind, Tracer

from ...untrusted.exceptions import SafeLogger

logger = SafeLogger(__name__)

_failed: set[tuple[str, type[BaseException]]] = set()


def start_span(
    tracer: Tracer,
    name: str,
    kind: SpanKind,
    attributes: Mapping[str, str | int],
    *,
    context: Context | None = None,
    links: Sequence[Link] = (),
) -> Span:
    """Return a started span; one that records nothing if it cannot be started."""
    try:
        return tracer.start_span(name, context, kind, attributes, links)
    except Exception as error:
        _log_once("started", error)
        return INVALID_SPAN


def end_span(span: Span, at: int | None = None) -> None:
    """End a span, at this time (epoch nanoseconds) or now."""
    try:
        span.end(at)
    except Exception as error:
        _log_once("ended", error)


def _log_once(what: str, error: Exception) -> None:
    key = (what, type(error))
    if key not in _failed:
        _failed.add(key)
        logger.error("a span cannot be %s, which is said once; its message goes on", what, exc_info=error)
