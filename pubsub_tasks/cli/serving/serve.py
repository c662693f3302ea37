"""Runs workers as the flags of a command say, and exits."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import click
from click.core import ParameterSource

from ...dispatching.dispatcher import UnknownPolicy
from ...environments.local_broker import TOPICS, LocalBroker, local, queues
from ...environments.memory import MemoryEnvironment
from ...environments.replayed_lines import STDIN, ReplayedLines, is_file, lines_of
from ...errors import ConfigurationError
from ...graph.connections import transport_of
from ...in_flight.capacity import Capacity
from ...in_flight.run_limit import RunLimit
from ...lifecycle.bounded_exit import exit_within
from ...processes.exit_codes import INCOMPLETE, SUCCESS
from ...processes.runner import RunOptions, StopReason, StopReasons, run
from ...processes.served_queue import choose_queue
from ...processes.service import Service, ServiceOptions, create_service
from ...processes.supervised_process import SupervisedProcess, supervised
from ...tasks.observers import Observers
from ...tasks.registry import Tasks
from ...telemetry.health_server import health
from ...telemetry.log_configuration import Logging
from ...telemetry.recent_activity import RecentActivity
from ...transports.protocols import Transport
from ...transports.raw_content import ENVELOPE, RawTransport
from ...worker_health.counters import total
from ..find_app import App
from ..local import chosen_queues, preferred_port, print_publishing_instructions
from ..startup_retry import retry_until_answered
from .banner import banner
from .endpoint_check import warn_of_host_mismatch
from .health_checks import LOOPBACK, service_checks
from .supervise import is_supervisor, supervise

MIB = 1_048_576

logger = logging.getLogger("pubsub_tasks.worker")

Flags = Mapping[str, Any]


def serve(context: click.Context, find: Callable[[], App]) -> None:
    """Run the app that `find` returns with the flags of the context, then exit. Raises PubSubTasksError."""
    flags, me = context.params, supervised()
    level = "DEBUG" if flags["debug"] else flags["log_level"]
    log = Logging(flags["log_format"], level, me.share.name if me else None)
    log.begin()
    reasons = StopReasons()
    _check(flags)
    with ExitStack() as stack:
        if me is None and is_supervisor(flags):
            log.complete()
            code = supervise(flags, lambda: find().tasks, stack)
        else:
            code = _serve(context, find(), stack, me, log, reasons)
    exit_within(code, reasons.seconds_left)


@dataclass(frozen=True, slots=True)
class _Source:
    """The queues to consume: logical name and URL of each; a name of None is taken from the URL."""

    transport: Transport
    urls: Sequence[tuple[str | None, str]]
    lines: ReplayedLines | None = None


def _check(flags: Flags) -> None:
    if flags["local"] and (flags["sqs_queue_url"] or flags["stdin"] or flags["testing"]):
        raise click.UsageError(
            "--local makes its own queues: leave out --sqs-queue-url, --stdin and --testing"
        )
    if flags["stdin"] and flags["sqs_queue_url"]:
        raise click.UsageError("give --sqs-queue-url or --stdin, not both")
    for name in ("queue", "health_host"):
        if flags[name] == "":
            raise click.UsageError(f"--{name.replace('_', '-')} is empty: give a value or leave it out")
    if flags["once"] and flags["drain"]:
        raise click.UsageError("give --once or --drain, not both")
    is_in_process = flags["stdin"] or flags["testing"] or any(map(is_file, flags["sqs_queue_url"]))
    if is_in_process and is_supervisor(flags):
        raise click.UsageError(
            "--testing, --stdin and files are handled in one process: leave out further queues, --processes, "
            "--max-tasks, --max-memory and --reload"
        )


def _serve(
    context: click.Context,
    app: App,
    stack: ExitStack,
    me: SupervisedProcess | None,
    log: Logging,
    reasons: StopReasons,
) -> int:
    flags = context.params
    broker = None
    if flags["local"] and me is None:
        broker = stack.enter_context(local(app.tasks, preferred_port()))
    if me is not None:
        _apply_share(flags, me)
    graph = app.graph(_config(context, broker), testing=flags["testing"], debug=flags["debug"])
    _apply_configuration(context, graph.config.sqs_consumer)
    tasks = app.require_tasks(graph)
    graph.use("pubsub_claims", "pubsub_observers", "sqs_queue_urls")
    graph.lock()
    log.complete()  # the app and its components have configured their own logging by now
    source = _source(flags, graph, broker)
    transport = RawTransport(source.transport) if flags["envelope"] == ENVELOPE else source.transport
    recent = RecentActivity(time.time)
    observers = Observers([recent] if flags["health_port"] is not None else [], graph.pubsub_observers)
    options = replace(
        _options(flags, source),
        observers=observers,
        claims=graph.pubsub_claims,
        queue_urls=graph.sqs_queue_urls,
    )
    services = _services(source, transport, tasks, options)
    port = None
    if flags["health_port"] is not None:
        answers = service_checks(services, recent, flags["unready_after"])
        port = stack.enter_context(health(flags["health_host"], flags["health_port"], answers))
    code = _run(services, flags, source, me, port, reasons)
    lines = source.lines
    unhandled = lines and (lines.refused or any(each.worker.counters.dead_lettered for each in services))
    return code or (INCOMPLETE if unhandled else 0)


def _services(source: _Source, transport: Transport, tasks: Tasks, options: ServiceOptions) -> list[Service]:
    queues = [(url, replace(options, queue=name)) for name, url in source.urls]
    if not isinstance(source.transport, MemoryEnvironment):
        retry_until_answered(lambda: warn_of_host_mismatch(source.transport, [url for _, url in source.urls]))
    return retry_until_answered(lambda: [create_service(transport, tasks, url, each) for url, each in queues])


def _run(
    services: Sequence[Service],
    flags: Flags,
    source: _Source,
    me: SupervisedProcess | None,
    port: int | None,
    reasons: StopReasons,
) -> int:
    is_over = source.lines.is_over if source.lines else None
    most = flags["max_memory"] * MIB if flags["max_memory"] else None
    if me is None:
        return run(services, RunOptions(flags["grace"], most, is_over), _announce, reasons)

    def announce(services: Sequence[Service]) -> None:
        _announce(services)
        me.report(ready=True, health=port)

    me.watch(lambda: reasons.add(StopReason(SUCCESS, "the supervisor is gone")))
    code = run(services, RunOptions(flags["grace"], most, is_over), announce, reasons)
    me.report(summary=total([each.worker.counters for each in services]))
    return code


def _config(context: click.Context, broker: LocalBroker | None) -> dict[str, Any]:
    """What the flags say, in the graph's own words."""
    flags = context.params
    given = {name: value for name, value in flags.items() if _is_given(context, name)}
    if flags["sqs_queue_url"]:
        given["sqs_queue_url"] = flags["sqs_queue_url"][0]
    config = {"sqs_consumer": given}
    if broker is not None:
        config |= {
            "sns_topic_arns": {"prefix": TOPICS, "mappings": broker.fifo_topics},
            "sqs_queue_urls": {"prefix": queues(broker.url)},
        }
    return config


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
            context.params[name] = parameter.process_value(context, value)


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is not ParameterSource.DEFAULT


def _source(flags: Flags, graph: Any, broker: LocalBroker | None) -> _Source:
    url = STDIN if flags["stdin"] else next(iter(flags["sqs_queue_url"]), None)
    tasks = graph.pubsub_served_tasks
    if broker is not None:
        print_publishing_instructions(broker, tasks, flags["log_format"], logger)
        return _Source(broker.transport, chosen_queues(broker, tasks, flags["queue"]))
    if url is not None and is_file(url):
        name = choose_queue(tasks, "", flags["queue"])
        lines = ReplayedLines(tasks, lines_of(url))
        return _Source(lines, [(name, name)], lines)
    if url is None and not graph.metadata.testing:
        raise ConfigurationError(
            "no queue to consume: give --sqs-queue-url URL, --local, --stdin or --testing"
        )
    wait, lease = flags["wait_seconds"], flags["visibility_timeout"]
    transport = transport_of(graph, graph.config.sqs_consumer, wait=wait, lease=lease)
    if url is not None:
        return _Source(transport, [(flags["queue"], url)])
    names = [choose_queue(tasks, "", flags["queue"])] if flags["queue"] else sorted(tasks.queues)
    urls = [(name, name) for name in names]
    return _Source(transport, urls)


def _options(flags: Flags, source: _Source) -> ServiceOptions:
    # Stopping waits for the open receive, and in development workers are stopped often.
    has_short_polls = flags["local"] or flags["reload"] or isinstance(source.transport, MemoryEnvironment)
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
        unknown,
        run_limit=RunLimit(flags["once"], flags["drain"], flags["max_tasks"]),
    )


def _announce(services: Sequence[Service]) -> None:
    for each in services:
        for line in banner(each):
            logger.info(line)
