"""pubsub-worker: consume a queue with an app's tasks."""

import logging
import sys
from collections.abc import Sequence
from contextlib import ExitStack

import click

from ..consuming.dispatch import UnknownPolicy
from ..consuming.worker import Capacity
from ..errors import PubSubTasksError
from ..local import local
from ..running import Terms, leave, run
from ..serving import Options, Service, service
from ..telemetry import logging as log_lines
from ..transports.aws import AwsTransport, Settings
from . import apps
from .banner import banner

BAD_INPUT = 2
"""Exit code for what the caller must mend."""

logger = logging.getLogger("pubsub_tasks.worker")

_POSITIVE = click.IntRange(min=1)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--sqs-queue-url", "url", metavar="URL", help="The queue to consume.")
@click.option(
    "--app",
    "-A",
    metavar="MODULE[:ATTRIBUTE]",
    help="Where the tasks are; the current directory is searched first. Else PUBSUB_TASKS_APP, else "
    "installed entry points in pubsub_tasks.tasks.",
)
@click.option("--queue", metavar="NAME", help="Serve the tasks of this queue=; else the URL's name tells.")
@click.option("--concurrency", type=_POSITIVE, help="Handlers at once: 8 threads, 100 coroutines by default.")
@click.option(
    "--receivers", type=_POSITIVE, help="Polls at once while the queue is full (up to 8); 1 when idle."
)
@click.option(
    "--prefetch", type=click.IntRange(min=0), help="Messages in hand beyond free slots; else automatic."
)
@click.option(
    "--visibility-timeout",
    "visibility",
    type=click.IntRange(2, 43_200),
    default=30,
    show_default=True,
    help="Seconds until a dead worker's messages come back; a live one's are extended.",
)
@click.option(
    "--wait-seconds", "wait", type=click.IntRange(0, 20), default=20, show_default=True, help="Of a poll."
)
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=25.0,
    show_default=True,
    help="Seconds for what runs to finish after SIGTERM.",
)
@click.option("--dead-letter-queue-url", metavar="URL", help="Else the queue's own redrive policy tells.")
@click.option(
    "--unknown",
    type=click.Choice(["dead-letter", "release", "drop"]),
    default="dead-letter",
    show_default=True,
    help="What to do with media types that no task here handles.",
)
@click.option(
    "--local", "is_local", is_flag=True, help="Start a broker on this machine with all the app needs."
)
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False),
    default="info",
    show_default=True,
)
@click.option(
    "--debug", is_flag=True, help="Log each message, and tracebacks; the same as --log-level debug."
)
@click.version_option(package_name="pubsub-tasks")
def command(
    url: str | None,
    app: str | None,
    queue: str | None,
    concurrency: int | None,
    receivers: int | None,
    prefetch: int | None,
    visibility: int,
    wait: int,
    grace: float,
    dead_letter_queue_url: str | None,
    unknown: UnknownPolicy,
    is_local: bool,
    log_format: str,
    log_level: str,
    debug: bool,
) -> None:
    """Consume an SQS queue with an app's tasks, until SIGTERM or Ctrl-C.

    \b
    pubsub-worker --sqs-queue-url https://sqs.eu-west-1.amazonaws.com/1234/orders --app shop.tasks
    pubsub-worker --local --app examples.orders
    """
    log_lines.configure(log_format, "DEBUG" if debug else log_level)
    if (url is None) is not is_local:
        raise click.UsageError("give either --sqs-queue-url URL or --local")
    capacity = Capacity(concurrency, concurrency, receivers, prefetch, visibility, wait)
    options = Options(
        capacity,
        dead_letter_queue_url,
        unknown,
        queue,
        observers=(log_lines.observe,),
    )
    try:
        sys.exit(_serve(url, app, options, grace))
    except PubSubTasksError as error:
        click.echo(f"pubsub-worker: {error}", err=True)
        sys.exit(BAD_INPUT)


def _serve(url: str | None, app: str | None, options: Options, grace: float) -> int:
    tasks = apps.load(app)
    with ExitStack() as stack:
        if url is None:
            world = stack.enter_context(local(tasks))
            transport, urls = world.transport, world.provisioned.queue_urls
            services = [
                service(transport, tasks, each, _for_queue(options, name)) for name, each in urls.items()
            ]
        else:
            transport = AwsTransport(Settings(threads=_connections(options.capacity)))
            services = [service(transport, tasks, url, options)]
        return run(services, Terms(grace), _announce)


def _for_queue(options: Options, name: str) -> Options:
    return Options(
        options.capacity, options.dead_letter_queue_url, options.unknown, name, observers=options.observers
    )


def _connections(capacity: Capacity) -> int:
    threads = capacity.threads or Capacity.DEFAULT_THREADS
    return threads + (capacity.receivers or Capacity.MOST_RECEIVERS) + 4


def _announce(services: Sequence[Service]) -> None:
    for each in services:
        for line in banner(each):
            logger.info(line)


def main() -> None:
    """The console script."""
    try:
        command()
    except SystemExit as ended:
        leave(ended.code)
