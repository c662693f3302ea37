"""Serve: from a command's flags and an app to running workers, and to an exit code."""

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import click
from click.core import ParameterSource

from ..consuming.restarts import BAD_INPUT
from ..consuming.worker import Capacity
from ..errors import ConfigurationError, PubSubTasksError
from ..factories import transport_of
from ..local import TOPICS, Local, local
from ..raw import ENVELOPE, RawTransport
from ..replay import STDIN, ReplayedLines, is_file, lines_of
from ..running import Terms, leave, run
from ..serving import Options, Service, choose_queue, service
from ..telemetry import logging as log_lines
from ..testing.world import World
from ..transports import Transport
from .apps import App
from .banner import banner

UNHANDLED = 1
"""Exit code when some of the lines of a file could not be handled."""

logger = logging.getLogger("pubsub_tasks.worker")

Flags = Mapping[str, Any]


def serve(program: str, context: click.Context, find: Callable[[], App]) -> None:
    """Run the app that `find` gives as the flags of the context say; exits."""
    flags = context.params
    log_lines.configure(flags["log_format"], "DEBUG" if flags["debug"] else flags["log_level"])
    _check(flags)
    try:
        with ExitStack() as stack:
            code = _serve(context, find(), stack)
    except PubSubTasksError as error:
        click.echo(f"{program}: {error}", err=True)
        sys.exit(BAD_INPUT)
    leave(code)


@dataclass(frozen=True, slots=True)
class _Source:
    """What to consume: the logical name of tasks (None: the URL tells) and a queue's URL, each."""

    transport: Transport
    urls: Sequence[tuple[str | None, str]]
    lines: ReplayedLines | None = None


def _check(flags: Flags) -> None:
    if flags["local"] and (flags["sqs_queue_url"] or flags["stdin"] or flags["testing"]):
        raise click.UsageError("--local has queues of its own: leave out --sqs-queue-url, --stdin, --testing")
    if flags["stdin"] and flags["sqs_queue_url"]:
        raise click.UsageError("give either --sqs-queue-url or --stdin")


def _serve(context: click.Context, app: App, stack: ExitStack) -> int:
    flags = context.params
    world = stack.enter_context(local(app.tasks)) if flags["local"] else None
    graph = app.graph(_config(context, world), testing=flags["testing"], debug=flags["debug"])
    _fill(context, graph.config.sqs_consumer)
    tasks = graph.pubsub_served_tasks
    graph.lock()
    source = _source(flags, graph, world)
    if isinstance(source.transport, World):
        # In memory a poll costs nothing, and to stop takes as long as the one that is open.
        flags["wait_seconds"] = min(flags["wait_seconds"], 1)
    raw = flags["envelope"] == ENVELOPE
    transport = RawTransport(source.transport) if raw else source.transport
    services = [service(transport, tasks, url, _options(flags, name)) for name, url in source.urls]
    terms = Terms(flags["grace"], is_over=source.lines.is_over if source.lines else None)
    code = run(services, terms, _announce)
    unhandled = source.lines and any(each.worker.tally.dead_lettered for each in services)
    return code or (UNHANDLED if unhandled else 0)


def _config(context: click.Context, world: Local | None) -> dict[str, Any]:
    """What the flags say, in the graph's own words."""
    given = {name: value for name, value in context.params.items() if _is_given(context, name)}
    return {"sqs_consumer": given} | ({"sns_topic_arns": {"prefix": TOPICS}} if world else {})


def _fill(context: click.Context, config: Flags) -> None:
    """Let configuration stand in for flags that were not given."""
    for parameter in context.command.params:
        name = parameter.name or ""
        if config.get(name) is not None and not _is_given(context, name):
            context.params[name] = parameter.process_value(context, config[name])


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is not ParameterSource.DEFAULT


def _source(flags: Flags, graph: Any, world: Local | None) -> _Source:
    url = STDIN if flags["stdin"] else flags["sqs_queue_url"]
    tasks = graph.pubsub_served_tasks
    if world is not None:
        return _Source(world.transport, list(world.provisioned.queue_urls.items()))
    if url is not None and is_file(url):
        name = choose_queue(tasks, "", flags["queue"])
        lines = ReplayedLines(tasks, lines_of(url))
        return _Source(lines, [(name, name)], lines)
    if url is None and not graph.metadata.testing:
        raise ConfigurationError("what to consume? Give --sqs-queue-url URL, --local, --stdin or --testing")
    transport = transport_of(graph, graph.config.sqs_consumer, _connections(flags))
    urls = [(name, name) for name in sorted(tasks.queues)] if url is None else [(flags["queue"], url)]
    return _Source(transport, urls)


def _options(flags: Flags, queue: str | None) -> Options:
    capacity = Capacity(
        flags["concurrency"],
        flags["concurrency"],
        flags["receivers"],
        flags["prefetch"],
        flags["visibility_timeout"],
        flags["wait_seconds"],
    )
    return Options(
        capacity,
        flags["dead_letter_queue_url"],
        flags["unknown"],
        queue,
        observers=(log_lines.observe,),
    )


def _connections(flags: Flags) -> int:
    threads = flags["concurrency"] or Capacity.DEFAULT_THREADS
    receivers: int = flags["receivers"] or Capacity.MOST_RECEIVERS
    return int(threads) + receivers + 4


def _announce(services: Sequence[Service]) -> None:
    for each in services:
        for line in banner(each):
            logger.info(line)
