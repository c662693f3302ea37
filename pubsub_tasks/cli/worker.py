"""pubsub-worker: consume a queue with an app's tasks."""

import click

from ..cli import apps
from ..transports.raw_content import ENVELOPE
from ..worker.worker import UNREADY_AFTER
from .finite_range import FiniteRange
from .one_line_errors import OneLineCommand
from .serving.health_checks import LOOPBACK
from .serving.serve import serve

ENVELOPES = ("CodecSQSEnvelope", "LambdaSQSEnvelope", "NaiveSQSEnvelope", ENVELOPE)
"""Names by which microcosm-pubsub asks for one way to read messages."""

MOST_SLOTS, MOST_THREADS, MOST_PROCESSES = 10_000, 1_000, 1_000
"""More than these a machine does not start: a slip of the keyboard."""

_POSITIVE = click.IntRange(min=1)


@click.command(
    cls=OneLineCommand,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0, all well; 1, something was cut; 2, mend the call; 70, a fault; 75, start me anew.",
)
@click.option(
    "--sqs-queue-url",
    "-q",
    "--queue-url",
    "sqs_queue_url",
    metavar="URL",
    multiple=True,
    help="The queue to consume; or a file, of which each line is a message to handle. Given more than once, "
    "each queue has a process.",
)
@click.option(
    "--app",
    "-A",
    metavar="MODULE[:ATTRIBUTE]",
    help="Where the tasks are; the current directory is searched first. Else PUBSUB_TASKS_APP, else "
    "installed entry points in pubsub_tasks.tasks.",
)
@click.option("--queue", metavar="NAME", help="Serve the tasks of this queue=; else the URL's name tells.")
@click.option(
    "--concurrency",
    metavar="N",
    type=click.IntRange(1, MOST_SLOTS),
    help="Handlers at once: 8 threads, 100 coroutines by default.",
)
@click.option(
    "--processes",
    metavar="N",
    type=click.IntRange(1, MOST_PROCESSES),
    default=1,
    show_default=True,
    help="Processes for each queue.",
)
@click.option("--max-tasks", metavar="N", type=_POSITIVE, help="Start a process anew after so many messages.")
@click.option(
    "--max-memory", type=_POSITIVE, metavar="MIB", help="Start a process anew once it uses so many MiB."
)
@click.option(
    "--receivers",
    metavar="N",
    type=click.IntRange(1, MOST_THREADS),
    help="Polls at once while the queue is full (up to 8); 1 when idle.",
)
@click.option(
    "--prefetch",
    metavar="N",
    type=click.IntRange(min=0),
    help="Messages in hand beyond free slots; else automatic.",
)
@click.option(
    "--visibility-timeout",
    metavar="SECONDS",
    type=click.IntRange(2, 43_200),
    default=30,
    show_default=True,
    help="Seconds until a dead worker's messages come back; a live one's are extended.",
)
@click.option(
    "--wait-seconds",
    metavar="SECONDS",
    type=click.IntRange(0, 20),
    default=20,
    show_default=True,
    help="How long a poll waits.",
)
@click.option(
    "--grace",
    metavar="SECONDS",
    type=FiniteRange(min=0),
    default=25.0,
    show_default=True,
    help="Seconds for what runs to finish after SIGTERM.",
)
@click.option("--dead-letter-queue-url", metavar="URL", help="Else the queue's own redrive policy tells.")
@click.option(
    "--unknown",
    type=click.Choice(["dead-letter", "release", "drop"]),
    help="What to do with media types that no task here handles; dead-letter by default, but held back for "
    "an hour while none of the queue's messages could be handled yet.",
)
@click.option("--once", is_flag=True, help="Receive once, handle what came, and end: for cron.")
@click.option(
    "--drain", is_flag=True, help="End when a poll brings nothing and nothing is in hand: for batch jobs."
)
@click.option(
    "--health-port",
    metavar="PORT",
    type=click.IntRange(0, 65_535),
    help="Serve /healthz, /readyz and /status there; none by default.",
)
@click.option(
    "--health-host", metavar="HOST", default=LOOPBACK, show_default=True, help="Where to serve them."
)
@click.option(
    "--unready-after",
    metavar="SECONDS",
    type=FiniteRange(min=0),
    default=UNREADY_AFTER,
    show_default=True,
    help="Answer /readyz with 503 once receives have failed for so long.",
)
@click.option("--reload", is_flag=True, help="Start anew when a Python file below this directory changes.")
@click.option(
    "--local",
    is_flag=True,
    help="Start a broker on this machine with all the app needs, and say how to publish to it.",
)
@click.option("--stdin", is_flag=True, help="Handle the messages on standard input, one a line, and end.")
@click.option(
    "--envelope",
    type=click.Choice(ENVELOPES),
    help="Hardly needed, as all forms of messages are told apart; but RawSQSEnvelope takes each body for "
    "content of the media type application/json.",
)
@click.option(
    "--testing", is_flag=True, help="Topics and queues in memory, with nothing to set up, gone at the end."
)
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False),
    default="info",
    show_default=True,
)
@click.option(
    "--debug",
    is_flag=True,
    help="Log each message, and tracebacks, an app's that cannot be imported too; else as --log-level debug.",
)
@click.version_option(package_name="pubsub-tasks")
@click.pass_context
def command(context: click.Context, /, app: str | None, **flags: object) -> None:
    """Consume an SQS queue with an app's tasks, until SIGTERM or Ctrl-C.

    \b
    pubsub-worker --sqs-queue-url https://sqs.eu-west-1.amazonaws.com/1234/orders --app shop.tasks
    pubsub-worker --local --app examples.orders
    """
    serve(context, lambda: apps.find(app))


def main() -> None:
    """The console script."""
    command()
