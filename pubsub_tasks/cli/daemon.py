"""A daemon's command line: pubsub-worker's, without the flag that finds an app."""

import click

from ..cli import worker
from .apps import App
from .one_line_errors import OneLineCommand
from .serving.serve import serve


def run(about: str, name: str, app: App) -> None:
    """Parse the command line and serve the app; exits. `about` is what `--help` begins with."""

    @click.pass_context
    def callback(context: click.Context, /, **flags: object) -> None:
        serve(context, lambda: app)

    given = [parameter for parameter in worker.command.params if parameter.name != "app"]
    command = OneLineCommand(
        name, params=given, callback=callback, help=about, context_settings=worker.command.context_settings
    )
    command(prog_name=name)
