"""The `pubsub-tasks status` command: what is declared and what stands, in one table."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import click
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ...errors import TransportError
from ...processes.exit_codes import INCOMPLETE
from ...provisioning.queue_status import QueueStatus, queue_statuses
from ...provisioning.reading.aws_api import Api
from ...provisioning.reading.read_found import read_found
from ...provisioning.resources import Place
from ...untrusted.readable_times import format_age
from ..number_ranges import FiniteRange
from ..one_line_errors import OneLineCommand
from ..output.terminal import make_console, print_line, print_note, stop_on_interrupt, without_controls
from ..output.values import cell
from ..provisioning.account_access import AccountAccess, pass_account
from ..provisioning.app_resources import AppResources
from ..provisioning.common_options import app_option, json_option, prefix_option
from .queue_ages import queue_ages

_UNSERVED = "UnknownOperationException"
"""The local broker's code for a service that it does not serve."""

_KINDS = ("topic", "queue", "subscription")
_COUNTS = ("visible", "in flight", "delayed", "dead letters")


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at all queues, and why ages are not known."""

    rows: Sequence[QueueStatus]
    no_ages: str = ""


@click.command(name="status", cls=OneLineCommand)
@app_option
@prefix_option
@click.option("--watch", "-w", is_flag=True, help="Refresh the table in place until Ctrl-C.")
@click.option(
    "--interval",
    type=FiniteRange(min=1),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between two refreshes of --watch.",
)
@json_option
@pass_account
def command(
    account: AccountAccess,
    /,
    app: str | None,
    prefix: str | None,
    watch: bool,
    interval: float,
    as_json: bool,
) -> None:
    """Show the app's queues: depth, in flight, delayed, dead letters, oldest message, subscriptions.

    \b
    pubsub-tasks status --app shop.tasks --prefix shop-

    The age of the oldest message comes from CloudWatch, and is a dash where that does not answer. The exit
    code is 1 if a queue does not stand as it is declared.
    """
    if watch and as_json:
        raise click.UsageError("--watch is for a terminal: leave out --json")
    resources = AppResources.of(app, prefix)
    api, place = account.connect(resources.region, resources.profile)
    if watch:
        _watch(resources, api, place, interval)
        return
    look = _look(resources, api, place)
    if as_json:
        print_line(json.dumps([asdict(row) for row in look.rows]))
    else:
        make_console().print(_table(look.rows))
        _note_ages(look)
    if any(row.state for row in look.rows):
        raise click.exceptions.Exit(INCOMPLETE)


def _look(resources: AppResources, api: Api, place: Place) -> _Look:
    topology = resources.topology(place)
    wanted = [each for each in resources.wanted(place) if each.key.kind in _KINDS]
    found = read_found(api, place, wanted)
    try:
        ages, no_ages = queue_ages(api, [queue.name for queue in topology.queues], time.time()), ""
    except TransportError as error:
        ages, no_ages = {}, "this endpoint serves no CloudWatch" if error.code == _UNSERVED else str(error)
    return _Look(queue_statuses(topology, place, wanted, found, ages), no_ages)


def _watch(resources: AppResources, api: Api, place: Place, interval: float) -> None:
    """Refresh the table until Ctrl-C. A look that fails leaves the last table, with the reason below it."""
    console, look = make_console(), _look(resources, api, place)
    with stop_on_interrupt() as stop, Live(_table(look.rows), console=console, auto_refresh=False) as live:
        while not stop.wait(interval):
            try:
                look = _look(resources, api, place)
            except TransportError as error:
                live.update(Group(_table(look.rows), _trouble(error)), refresh=True)
            else:
                live.update(_table(look.rows), refresh=True)
    _note_ages(look)


def _trouble(error: TransportError) -> Text:
    text = f"{time.strftime('%H:%M:%S')} not refreshed: {without_controls(error)}"
    return Text(text, style="yellow")


def _table(rows: Sequence[QueueStatus]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("queue", overflow="fold")
    for column in (*_COUNTS, "oldest", "subscribed"):
        table.add_column(column, justify="right")
    table.add_column("state", overflow="fold")
    for row in rows:
        counts = map(_count, (row.visible, row.in_flight, row.delayed, row.letters))
        oldest = "-" if row.oldest is None else format_age(row.oldest)
        subscriptions = f"{row.subscribed} of {row.wanted}"
        state = row.state or "as declared"
        style = "red" if row.state else None
        table.add_row(cell(row.name), *counts, oldest, subscriptions, cell(state), style=style)
    return table


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _note_ages(look: _Look) -> None:
    if look.no_ages:
        print_note(f"the age of the oldest messages is not known: {look.no_ages}")
