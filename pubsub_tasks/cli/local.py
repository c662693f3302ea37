"""The `pubsub-tasks local` command: runs a local SNS and SQS for workers and scripts."""

import signal
from collections.abc import Iterator, Sequence
from logging import Logger
from shlex import quote
from threading import Event

import click

from ..cli import find_app
from ..environments.local_broker import LocalBroker, environment, local
from ..local.server import is_free, serve
from ..processes.served_queue import choose_queue
from ..tasks.registry import Tasks
from ..tasks.task import Task
from .number_ranges import WholeRange

PORT = 4566
"""Default port. It is fixed so that variables exported in a shell stay valid after a restart."""


@click.command(name="local")
@click.option(
    "--port",
    type=WholeRange(0, 65_535),
    default=PORT,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--app", "-A", metavar="MODULE[:ATTRIBUTE]", help="Also create the topics and queues of this app's tasks."
)
def command(port: int, app: str | None) -> None:
    """Run a local SNS and SQS for development and tests. Messages are kept in memory only.

    \b
    pubsub-tasks local --app shop.tasks
    """
    if app is None:
        serve(port, lambda url: _print_instructions(url, environment(url), "Ctrl-C"))
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with local(find_app.load(app), port) as broker:
            _print_instructions(broker.url, environment(broker.url, broker.fifo_topics), "Ctrl-C")
            for name, url in broker.provisioned.queue_urls.items():
                dead_letters = broker.provisioned.dead_letter_urls[name]
                click.echo(f"# queue {name}: {url}, dead letters: {dead_letters}", err=True)
            Event().wait()
    except KeyboardInterrupt:
        pass


def preferred_port() -> int:
    """The default port, or 0 for any free port if it is taken."""
    return PORT if is_free(PORT) else 0


def chosen_queues(broker: LocalBroker, tasks: Tasks, queue: str | None) -> list[tuple[str, str]]:
    """Logical names and URLs of this queue, or of all. Raises ConfigurationError if no task names it."""
    urls = broker.provisioned.queue_urls
    return list(urls.items()) if queue is None else [(name := choose_queue(tasks, "", queue), urls[name])]


def print_publishing_instructions(broker: LocalBroker, tasks: Tasks, log_format: str, logger: Logger) -> None:
    """Print how to publish to a worker's own broker: lines to paste, or one log line for JSON."""
    variables = environment(broker.url, broker.fifo_topics)
    if log_format == "json":
        logger.info("SNS and SQS at %s until this worker ends", broker.url, extra={"environment": variables})
        return
    for line in _instructions(broker.url, variables, "this worker ends"):
        click.echo(line, err=True)
    example = next(filter(None, map(_example, tasks)), None)
    if example:
        click.echo(f"# {example}", err=True)


def _print_instructions(url: str, variables: dict[str, str], until: str) -> None:
    for line in _instructions(url, variables, until):
        click.echo(line, err=line.startswith("#"))


def _instructions(url: str, variables: dict[str, str], until: str) -> Iterator[str]:
    unusual = "" if url.endswith(f":{PORT}") else f" (not the usual port {PORT})"
    yield f"# SNS and SQS at {url}{unusual} until {until}. In another shell:"
    for name, value in variables.items():
        yield f"export {name}={quote(value)}"
    yield f"# AWS CLI v1 ignores AWS_ENDPOINT_URL for SQS: aws --endpoint-url {url} sqs list-queues"


def _example(task: Task[..., object]) -> str | None:
    """A shell command that publishes for a task; None if the task cannot be imported by its name."""
    module, _, name = task.name.rpartition(".")
    if task.codec is None or task.skips_falsy or not _is_path([*module.split("."), name]):
        return None
    fields = ", ".join(f"{field}=..." for field in task.codec.schema.load_fields)
    return f"python -c 'from {module} import {name}; {name}.publish({fields})'"


def _is_path(names: Sequence[str]) -> bool:
    return all(name.isidentifier() for name in names)
