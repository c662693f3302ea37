"""pubsub-tasks local: the embedded SNS and SQS alone, for as many workers and scripts as one likes."""

import signal
from collections.abc import Mapping
from shlex import quote
from threading import Event

import click

from ..embedded.server import serve
from ..local import environment, local
from . import apps


@click.command(name="local")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=4566, show_default=True, help="0 for any free one."
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
        serve(port, _tell)
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with local(apps.load(app), port) as world:
            _tell(world.url, world.fifo_topics)
            for name, url in world.provisioned.queue_urls.items():
                letters = world.provisioned.dead_letter_urls[name]
                click.echo(f"# queue {name}: {url}, dead letters {letters}", err=True)
            Event().wait()
    except KeyboardInterrupt:
        pass


def _tell(url: str, fifo: Mapping[str, str] | None = None) -> None:
    click.echo(f"# SNS and SQS at {url}, until Ctrl-C. In another shell:", err=True)
    for name, value in environment(url, fifo).items():
        click.echo(f"export {name}={quote(value)}")
