"""The `pubsub-tasks dashboard` command: pages about an app's queues, workers and dead letters."""

from collections.abc import Sequence

import click

from ...dashboard.poller import Poller
from ...dashboard.web.access import access_for
from ...untrusted.addresses import authority
from ..number_ranges import WholeRange
from ..one_line_errors import OneLineCommand
from ..output.terminal import print_line
from .app_connection import app_option, interval_option, monitored_app, worker_option
from .dashboard_server import PORT, fresh_token, make_server


@click.command(name="dashboard", cls=OneLineCommand)
@app_option
@worker_option
@click.option(
    "--port",
    type=WholeRange(0, 65_535),
    default=PORT,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; others need a token."
)
@click.option(
    "--token",
    envvar="PUBSUB_TASKS_DASHBOARD_TOKEN",
    metavar="TEXT",
    help="The secret that a browser must show, at least 16 characters; also PUBSUB_TASKS_DASHBOARD_TOKEN. "
    "A new one at each start by default.",
)
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A further host name that browsers use, as behind a proxy. May be repeated.",
)
@click.option("--read-only", is_flag=True, help="Refuse to redrive, drop and publish.")
@interval_option
def command(
    app: str | None,
    workers: Sequence[str],
    port: int,
    host: str,
    token: str | None,
    hosts: Sequence[str],
    read_only: bool,
    interval: float,
) -> None:
    """Show an app's queues, workers and dead letters in the browser.

    \b
    pubsub-tasks dashboard --app shop.tasks --worker 127.0.0.1:8080

    It listens on the loopback interface, and the printed URL carries a token. On another address it does not
    start without a token of your own.
    """
    access = access_for(host, token, fresh_token(), tuple(hosts), read_only=read_only)
    server = make_server(Poller(monitored_app(app, workers), interval), access, host, port)
    print_line(
        f"dashboard: http://{authority(host, server.port)}/?token={'TOKEN' if token else access.token}"
    )
    server.listen()
