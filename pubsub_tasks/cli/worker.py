"""The `pubsub-worker` command: handles messages of a queue with the tasks of an app."""

from typing import TYPE_CHECKING

import click

from ..lifecycle import garbage
from ..processes.supervised_process import LOOPBACK
from ..worker_health.call_health import UNREADY_AFTER
from .number_ranges import FiniteRange, WholeRange
from .one_line_errors import OneLineCommand
from .serving.serve import serve

if TYPE_CHECKING:
    from .find_app import App

ENVELOPES = ("CodecSQSEnvelope", "LambdaSQSEnvelope", "NaiveSQSEnvelope", "RawSQSEnvelope")
"""Names of message formats in microcosm-pubsub."""

MAX_CONCURRENCY, MAX_RECEIVERS, MAX_PROCESSES = 10_000, 1_000, 1_000
"""Larger values are typing errors that no machine could start."""

_POSITIVE = WholeRange(min=1)


@click.command(
    cls=OneLineCommand,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0, success; 1, work left undone; 2, invalid usage or configuration; "
    "70, internal error; 75, restart wanted; 130, interrupted while starting.",
)
@click.option(
    "--sqs-queue-url",
    "-q",
    "--queue-url",
    "sqs_queue_url",
    metavar="URL",
    multiple=True,
    help="Queue to consume, or a file with one message a line. Repeat it for more queues: each runs in a "
    "process of its own.",
)
@click.option(
    "--app",
    "-A",
    metavar="MODULE[:ATTRIBUTE]",
    help="The app that has the tasks; the current directory is searched first. By default, "
    "PUBSUB_TASKS_APP, then installed entry points in pubsub_tasks.tasks.",
)
@click.option(
    "--queue",
    metavar="NAME",
    help="Run the tasks declared with this queue=; the queue's own name by default.",
)
@click.option(
    "--concurrency",
    metavar="N",
    type=WholeRange(1, MAX_CONCURRENCY),
    help="Handlers that run at once; by default 8 threads and 100 coroutines.",
)
@click.option(
    "--processes",
    metavar="N",
    type=WholeRange(1, MAX_PROCESSES),
    default=1,
    show_default=True,
    help="Processes for each queue.",
)
@click.option("--max-tasks", metavar="N", type=_POSITIVE, help="Replace a process after N messages.")
@click.option(
    "--max-memory", type=_POSITIVE, metavar="MIB", help="Replace a process when it uses this much memory."
)
@click.option(
    "--receivers",
    metavar="N",
    type=WholeRange(1, MAX_RECEIVERS),
    help="Concurrent receives; by default up to 8 on a busy queue and 1 on an idle one.",
)
@click.option(
    "--prefetch",
    metavar="N",
    type=WholeRange(min=0),
    help="Messages to receive ahead of free handlers; automatic by default.",
)
@click.option(
    "--visibility-timeout",
    metavar="SECONDS",
    type=WholeRange(2, 43_200),
    default=30,
    show_default=True,
    help="How long messages of a crashed worker stay invisible; a running worker extends it.",
)
@click.option(
    "--wait-seconds",
    metavar="SECONDS",
    type=WholeRange(0, 20),
    default=20,
    show_default=True,
    help="How long a receive waits for messages.",
)
@click.option(
    "--grace",
    metavar="SECONDS",
    type=FiniteRange(min=0),
    default=25.0,
    show_default=True,
    help="How long handlers may run on after SIGTERM.",
)
@click.option(
    "--dead-letter-queue-url",
    metavar="URL",
    help="Where to send dead letters; the queue's redrive policy by default.",
)
@click.option(
    "--celery-rest-queue",
    "celery_rest_queue_url",
    metavar="URL",
    help="Where to send messages of Celery tasks that no task names, if a task with celery= shares their "
    "queue; by default they stay on it.",
)
@click.option(
    "--unknown",
    type=click.Choice(["dead-letter", "release", "drop"]),
    help="What to do with media types that no task handles. The default is dead-letter; but until a first "
    "message of the queue is handled, they are released for up to an hour.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Exit with 2 instead of starting if something is warned about; see pubsub-tasks doctor.",
)
@click.option("--once", is_flag=True, help="Receive once, handle the messages and exit, as for cron.")
@click.option(
    "--drain", is_flag=True, help="Exit when the queue is empty and nothing is in flight, as for batch jobs."
)
@click.option(
    "--health-port",
    metavar="PORT",
    type=WholeRange(0, 65_535),
    help="Serve /healthz, /readyz, /status and, with the extra `metrics`, /metrics on this port; off by "
    "default.",
)
@click.option(
    "--health-host", metavar="HOST", default=LOOPBACK, show_default=True, help="Address for --health-port."
)
@click.option(
    "--unready-after",
    metavar="SECONDS",
    type=FiniteRange(min=0),
    default=UNREADY_AFTER,
    show_default=True,
    help="/readyz answers 503 after receives have failed for this long.",
)
@click.option(
    "--reload", is_flag=True, help="Restart when a Python file below the current directory changes."
)
@click.option(
    "--local",
    is_flag=True,
    help="Start a local SNS and SQS with the app's topics and queues, and print how to publish.",
)
@click.option(
    "--dashboard",
    is_flag=True,
    help="With --local, also show queues, worker and dead letters in the browser.",
)
@click.option("--stdin", is_flag=True, help="Handle messages from standard input, one a line, and exit.")
@click.option(
    "--envelope",
    type=click.Choice(ENVELOPES),
    help="Message format; detected by default. Only RawSQSEnvelope has an effect: it treats every body as "
    "application/json.",
)
@click.option("--testing", is_flag=True, help="Use topics and queues in memory that last until exit.")
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
    help="As --log-level debug, and print the traceback if the app cannot be imported.",
)
@click.version_option(package_name="pubsub-tasks")
@click.pass_context
def command(context: click.Context, /, app: str | None, **flags: object) -> None:
    """Handle messages of SQS queues with an app's tasks until SIGTERM or Ctrl-C.

    \b
    pubsub-worker --sqs-queue-url https://sqs.eu-west-1.amazonaws.com/1234/orders --app shop.tasks
    pubsub-worker --local --app examples.orders
    """

    def find() -> "App":
        from . import find_app

        return find_app.find(app)

    serve(context, find)


def main() -> None:
    """The console script."""
    garbage.pause()  # until `serve` has imported what it needs
    command()
