"""pubsub-tasks: what one does beside running workers."""

import sys

import click

from ..embedded.server import serve
from ..errors import PubSubTasksError
from ..local import environment
from .worker import BAD_INPUT


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="pubsub-tasks")
def command() -> None:
    """Tools beside pubsub-worker."""


@command.command()
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=4566, show_default=True, help="0 for any free one."
)
def local(port: int) -> None:
    """Run the embedded SNS and SQS alone, for development and tests. It keeps nothing on disk."""

    def ready(url: str) -> None:
        click.echo(f"# SNS and SQS at {url}, until Ctrl-C. In another shell:", err=True)
        for name, value in environment(url).items():
            click.echo(f"export {name}={value}")

    serve(port, ready)


def main() -> None:
    """The console script."""
    try:
        command(standalone_mode=True)
    except PubSubTasksError as error:
        click.echo(f"pubsub-tasks: {error}", err=True)
        sys.exit(BAD_INPUT)
