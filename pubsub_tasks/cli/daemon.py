"""The command line of a daemon: the options of pubsub-worker, except --app."""

import click

from ..cli import worker
from .find_app import App
from .one_line_errors import OneLineCommand
from .serving.serve import serve


def run(about: str, name: str, app: App) -> None:
    """Parse the command line, serve the app and exit. `about` is the first text of `--help`."""

    @click.pass_context
    def callback(context: click.Context, /, **flags: object) -> None:
        serve(context, lambda: app)

    parameters = [parameter for parameter in worker.command.params if parameter.name != "app"]
    command = OneLineCommand(
        name,
        params=parameters,
        callback=callback,
        help=about,
        context_settings=worker.command.context_settings,
    )
    command(prog_name=name)
