"""OpenTelemetry traces and reports to Sentry from configuration. Either is imported only if it is enabled."""

from typing import TYPE_CHECKING, NamedTuple

from microcosm.api import typed
from microcosm.config.types import boolean

from ..errors import MissingExtra
from .connections import Graph, factory

if TYPE_CHECKING:
    from ..telemetry.error_reports import ErrorReports
    from ..telemetry.tracing.client_metrics import ClientMetrics
    from ..telemetry.tracing.handling_spans import HandlingSpans
    from ..telemetry.tracing.publish_spans import PublishSpans


class Tracing(NamedTuple):
    """What makes spans of publishes and of handled messages, and messaging metrics."""

    publish: "PublishSpans"
    handling: "HandlingSpans"
    metrics: "ClientMetrics"


@factory(
    "pubsub_tracing",
    enabled=typed(boolean, default_value=False),
    parent=typed(boolean, default_value=False),
)
def configure_tracing(graph: Graph) -> Tracing | None:
    """Spans and metrics by the application's providers if `enabled`, else None.

    The span of a handled message is linked to its publisher's, or with `parent` is its child.

    Raises MissingExtra if OpenTelemetry is not installed.
    """
    config = graph.config.pubsub_tracing
    if not config.enabled:
        return None
    try:
        from ..telemetry.tracing.client_metrics import ClientMetrics, make_meter
        from ..telemetry.tracing.handling_spans import HandlingSpans
        from ..telemetry.tracing.publish_spans import PublishSpans, make_tracer
    except ModuleNotFoundError as error:
        raise MissingExtra("pubsub_tracing.enabled", "otel") from error
    tracer = make_tracer()
    return Tracing(
        PublishSpans(tracer),
        HandlingSpans(tracer, as_child=config.parent),
        ClientMetrics(make_meter()),
    )


@factory(
    "pubsub_sentry",
    enabled=typed(boolean, default_value=False),
    retries=typed(boolean, default_value=True),
    content=typed(boolean, default_value=False),
)
def configure_sentry(graph: Graph) -> "ErrorReports | None":
    """Reports to Sentry by the application's own client if `enabled`, else None. See `ErrorReports`.

    Raises MissingExtra if Sentry's SDK is not installed.
    """
    config = graph.config.pubsub_sentry
    if not config.enabled:
        return None
    try:
        from ..telemetry.error_reports import ErrorReports
    except ModuleNotFoundError as error:
        raise MissingExtra("pubsub_sentry.enabled", "sentry") from error
    return ErrorReports(retries=config.retries, content=config.content)
