"""pubsub-tasks local: the embedded SNS and SQS alone, for as many workers and scripts as one likes."""

import signal
from collections.abc import Iterator, Sequence
from logging import Logger
from shlex import quote
from threading import Event

import click

from ..cli import apps
from ..environments.local_broker import LocalBroker, environment, local
from ..local.server import is_free, serve
from ..processes.service import choose_queue
from ..tasks.registry import Tasks
from ..tasks.task import Task

PORT = 4566
"""Where the broker listens unless told otherwise: the lines that a shell was given stay right."""


@click.command(name="local")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=PORT, show_default=True, help="0 for any free one."
)
@click.option(
    "--app", "-A", metavar="MODULE[:ATTRIBUTE]", help="Make the topics and queues of its tasks as well."
)
def command(port: int, app: str | None) -> None:
    """Run the embedded SNS and SQS alone, for development and tests. It keeps nothing on disk.

    \b
    pubsub-tasks local --app shop.tasks
    """
    if app is None:
        serve(port, lambda url: _tell(url, environment(url), "Ctrl-C"))
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with local(apps.load(app), port) as world:
            _tell(world.url, environment(world.url, world.fifo_topics), "Ctrl-C")
            for name, url in world.provisioned.queue_urls.items():
                letters = world.provisioned.dead_letter_urls[name]
                click.echo(f"# queue {name}: {url}, dead letters {letters}", err=True)
            Event().wait()
    except KeyboardInterrupt:
        pass


def preferred_port() -> int:
    """The usual port, or 0 for any where it is taken."""
    return PORT if is_free(PORT) else 0


def chosen_queues(world: LocalBroker, tasks: Tasks, queue: str | None) -> list[tuple[str, str]]:
    """Logical names and URLs: of this queue, or of all. Raises ConfigurationError where no task names it."""
    urls = world.provisioned.queue_urls
    return list(urls.items()) if queue is None else [(name := choose_queue(tasks, "", queue), urls[name])]


def tell_how_to_publish(world: LocalBroker, tasks: Tasks, log_format: str, logger: Logger) -> None:
    """Say how other shells publish to a worker's own broker: lines to paste, or in JSON one log line."""
    variables = environment(world.url, world.fifo_topics)
    if log_format == "json":
        logger.info("SNS and SQS at %s, until this worker ends", world.url, extra={"environment": variables})
        return
    for line in _lines(world.url, variables, "this worker ends"):
        click.echo(line, err=True)
    example = next(filter(None, map(_example, tasks)), None)
    if example:
        click.echo(f"# {example}", err=True)


def _tell(url: str, variables: dict[str, str], until: str) -> None:
    for line in _lines(url, variables, until):
        click.echo(line, err=line.startswith("#"))


def _lines(url: str, variables: dict[str, str], until: str) -> Iterator[str]:
    taken = "" if url.endswith(f":{PORT}") else f" (not the usual port {PORT})"
    yield f"# SNS and SQS at {url}{taken}, until {until}. In another shell:"
    for name, value in variables.items():
        yield f"export {name}={quote(value)}"
    yield f"# AWS CLI v1 ignores AWS_ENDPOINT_URL for SQS: aws --endpoint-url {url} sqs list-queues"


def _example(task: Task[..., object]) -> str | None:
    """A command that publishes for a task, where a module's name leads to it."""
    module, _, name = task.name.rpartition(".")
    if task.codec is None or task.skips_falsy or not _is_path([*module.split("."), name]):
        return None
    fields = ", ".join(f"{field}=..." for field in task.codec.schema.load_fields)
    return f"python -c 'from {module} import {name}; {name}.publish({fields})'"


def _is_path(names: Sequence[str]) -> bool:
    return all(name.isidentifier() for name in names)
