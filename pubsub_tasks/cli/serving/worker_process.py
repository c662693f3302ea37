"""Handles messages in this process with an app, as the flags of a command say."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ...dispatching.unknown_messages import UnknownPolicy
from ...graph.object_graph import publishing_with
from ...in_flight.capacity import Capacity
from ...in_flight.polls import RunLimit
from ...processes.exit_codes import INCOMPLETE, SUCCESS
from ...processes.runner import RunOptions, run
from ...processes.service import Service, ServiceOptions, create_service
from ...processes.stop_reasons import StopReason, StopReasons
from ...processes.supervised_process import LOOPBACK, SupervisedProcess
from ...tasks.observers import Observers
from ...tasks.registry import Tasks
from ...telemetry.log_configuration import Logging
from ...transports.raw_content import ENVELOPE, RawTransport
from ...worker_health.counters import total
from ..find_app import App
from ..startup_retry import retry_until_answered
from .banner import banner
from .endpoint_check import warn_of_host_mismatch
from .source import Flags, Source, find_source

if TYPE_CHECKING:
    from ...environments.local_broker import LocalBroker
    from .health_checks import HealthChecks
    from .worker_metrics import WorkerMetrics

MIB = 1_048_576

logger = logging.getLogger("pubsub_tasks.worker")


def handle_messages(
    context: click.Context,
    app: App,
    stack: ExitStack,
    me: SupervisedProcess | None,
    log: Logging,
    reasons: StopReasons,
) -> int:
    """Handle messages with the app until a signal arrives or the work is done; returns the exit code.

    `me` is this process if a supervisor has started it. Raises PubSubTasksError.
    """
    flags = context.params
    broker = _broker(app, stack) if flags["local"] and me is None else None
    if me is not None:
        _apply_share(flags, me)
    graph = app.graph(_config(context, broker), testing=flags["testing"], debug=flags["debug"])
    _apply_configuration(context, graph.config.sqs_consumer)
    tasks = app.require_tasks(graph)
    _lock(graph, stack)
    log.complete()  # the app and its components have configured their own logging by now
    source = find_source(flags, graph, broker)
    options = replace(
        service_options(flags, source), claims=graph.pubsub_claims, queue_urls=graph.sqs_queue_urls
    )
    metrics = _metrics(flags, graph, me)
    health = _health_checks(flags, metrics)
    watching = Observers([health.recent], graph.pubsub_observers) if health else graph.pubsub_observers
    services = _services(flags, source, tasks, replace(options, observers=watching))
    if metrics is not None:
        stack.enter_context(metrics.measuring(services))
    if health is not None:
        stack.enter_context(health.serve(services))
    if flags["dashboard"] and broker and health:
        _open_dashboard(flags, broker, tasks, health, stack)
    code = _run(services, flags, source, me, health, reasons)
    lines = source.lines
    unhandled = lines and (lines.refused or any(each.worker.counters.dead_lettered for each in services))
    return code or (INCOMPLETE if unhandled else 0)


def _lock(graph: Any, stack: ExitStack) -> None:
    """Make the components now: threads must not."""
    graph.use("pubsub_claims", "pubsub_metrics", "pubsub_observers", "sqs_queue_urls")
    graph.lock()
    stack.enter_context(publishing_with(graph))


def _broker(app: App, stack: ExitStack) -> "LocalBroker":
    from ...environments.local_broker import local
    from ..local import preferred_port

    return stack.enter_context(local(app.tasks, preferred_port()))


def _metrics(flags: Flags, graph: Any, me: SupervisedProcess | None) -> "WorkerMetrics | None":
    is_served = flags["health_port"] is not None and find_spec("prometheus_client") is not None
    if not (is_served or graph.pubsub_metrics["statsd"]):
        return None
    from .worker_metrics import WorkerMetrics

    return WorkerMetrics(graph.pubsub_observers, graph.pubsub_metrics, me.share.name if me else None)


def _health_checks(flags: Flags, metrics: "WorkerMetrics | None") -> "HealthChecks | None":
    if flags["health_port"] is None and not flags["dashboard"]:
        return None
    from .health_checks import HealthChecks

    return HealthChecks(flags["health_host"], flags["health_port"] or 0, flags["unready_after"], metrics)


def _open_dashboard(
    flags: Flags, broker: "LocalBroker", tasks: Tasks, health: "HealthChecks", stack: ExitStack
) -> None:
    from ..monitoring.dashboard_server import local_dashboard

    address = (flags["health_host"], health.port)
    stack.enter_context(local_dashboard(broker, tasks, address, logger))


def _services(flags: Flags, source: Source, tasks: Tasks, options: ServiceOptions) -> list[Service]:
    queues = [(url, replace(options, queue=name)) for name, url in source.urls]
    if not source.in_memory:
        retry_until_answered(lambda: warn_of_host_mismatch(source.transport, [url for _, url in source.urls]))
    transport = RawTransport(source.transport) if flags["envelope"] == ENVELOPE else source.transport
    return retry_until_answered(lambda: [create_service(transport, tasks, url, each) for url, each in queues])


def _run(
    services: Sequence[Service],
    flags: Flags,
    source: Source,
    me: SupervisedProcess | None,
    health: "HealthChecks | None",
    reasons: StopReasons,
) -> int:
    is_over = source.lines.is_over if source.lines else None
    most = flags["max_memory"] * MIB if flags["max_memory"] else None
    if me is None:
        return run(services, RunOptions(flags["grace"], most, is_over), _announce, reasons)

    def announce(services: Sequence[Service]) -> None:
        _announce(services)
        me.report(ready=True, health=health.port if health else None)

    me.watch(lambda: reasons.add(StopReason(SUCCESS, "the supervisor is gone")))
    code = run(services, RunOptions(flags["grace"], most, is_over), announce, reasons)
    final = health.report() if health else {}
    me.report(summary=total([each.worker.counters for each in services]), **final)
    return code


def _config(context: click.Context, broker: "LocalBroker | None") -> dict[str, Any]:
    """What the flags say, in the graph's own words."""
    flags = context.params
    given = {name: value for name, value in flags.items() if _is_given(context, name)}
    if flags["sqs_queue_url"]:
        given["sqs_queue_url"] = flags["sqs_queue_url"][0]
    return {"sqs_consumer": given, **(broker.configuration if broker else {})}


def _apply_share(flags: dict[str, Any], me: SupervisedProcess) -> None:
    """Reduce the flags to the share of this process."""
    if me.share.url is not None:
        flags["sqs_queue_url"] = (me.share.url,)
    flags["queue"] = me.share.queue or flags["queue"]
    if flags["health_port"] is not None:
        flags["health_host"], flags["health_port"] = LOOPBACK, 0


def _apply_configuration(context: click.Context, config: Flags) -> None:
    """Take flags that were not given from the configuration."""
    for parameter in context.command.params:
        name = parameter.name or ""
        value = config.get(name)
        if value is not None and not _is_given(context, name):
            value = (value,) if name == "sqs_queue_url" else value
            try:
                context.params[name] = parameter.process_value(context, value)
            except click.BadParameter as error:
                raise click.BadParameter(error.message, param_hint=f"sqs_consumer.{name}") from error


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is not ParameterSource.DEFAULT


def service_options(flags: Flags, source: Source) -> ServiceOptions:
    """How to serve the queues, as far as the flags say."""
    # Stopping waits for the open receive, and in development workers are stopped often.
    has_short_polls = flags["local"] or flags["reload"] or source.in_memory
    # Nobody else can handle the lines of a file.
    unknown: UnknownPolicy | None = flags["unknown"] or ("dead-letter" if source.lines is not None else None)
    capacity = Capacity(
        flags["concurrency"],
        flags["concurrency"],
        flags["receivers"],
        flags["prefetch"],
        flags["visibility_timeout"],
        min(flags["wait_seconds"], 1) if has_short_polls else flags["wait_seconds"],
    )
    return ServiceOptions(
        capacity,
        flags["dead_letter_queue_url"],
        flags["celery_rest_queue_url"],
        unknown,
        run_limit=RunLimit(flags["once"], flags["drain"], flags["max_tasks"]),
        strict=flags["strict"],
    )


def _announce(services: Sequence[Service]) -> None:
    for each in services:
        for line in banner(each):
            logger.info(line)
