"""The `pubsub-tasks top` command: the overview of the dashboard in the terminal, refreshed in place."""

import time
from collections.abc import Sequence

import click
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ...dashboard.measures.history import SPANS, History
from ...dashboard.measures.overview import OverviewRow, overview_rows
from ...dashboard.measures.sparkline import blocks
from ...untrusted.readable_times import format_age
from ..one_line_errors import OneLineCommand
from ..output.terminal import make_console, stop_on_interrupt, without_controls
from ..output.values import cell
from .app_connection import app_option, interval_option, monitored_app, worker_option

_NUMBERS = ("waiting", "in flight", "sleeping", "delayed", "oldest", "per second", "dead letters")
_CHART = 40
"""Characters of a chart."""


@click.command(name="top", cls=OneLineCommand)
@app_option
@worker_option
@interval_option
@click.option("--once", is_flag=True, help="Print the table once, and exit.")
def command(app: str | None, workers: Sequence[str], interval: float, once: bool) -> None:
    """Watch an app's queues in the terminal until Ctrl-C, as the dashboard shows them.

    \b
    pubsub-tasks top --app shop.tasks --worker 127.0.0.1:8080

    Rates and sleeping messages are known of the workers that are named.
    """
    monitored, history, console = monitored_app(app, workers), History(), make_console()
    history.add(monitored.look(time.time()))
    if once:
        console.print(_view(history))
        return
    with stop_on_interrupt() as stop, Live(_view(history), console=console, auto_refresh=False) as live:
        while not stop.wait(interval):
            history.add(monitored.look(time.time()))
            live.update(_view(history), refresh=True)


def _view(history: History) -> Group:
    """The table, and what is wrong with queues and workers, a line for each."""
    troubles = [
        *(f"queue {each.name}: {each.problem}" for each in history.latest.queues if each.problem),
        *(f"worker {each.name}: {told}" for each in history.latest.workers for told in each.troubles),
    ]
    return Group(_table(history), *(Text(without_controls(each), style="red") for each in troubles))


def _table(history: History) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("queue", overflow="fold")
    for name in _NUMBERS:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(f"waiting, {SPANS[history.span]}", no_wrap=True)
    for row in overview_rows(history):
        table.add_row(cell(row.queue.name), *_cells(row), style="red" if row.queue.problem else None)
    return table


def _cells(row: OverviewRow) -> list[str]:
    queue = row.queue
    if queue.problem:
        return [*["-"] * len(_NUMBERS), ""]
    return [
        _count(queue.visible),
        _count(queue.in_flight),
        _count(row.sleeping),
        _count(queue.delayed),
        "-" if queue.oldest is None else format_age(queue.oldest),
        "-" if row.rate is None else f"{row.rate:,.1f}",
        _count(queue.letters),
        blocks(row.depths[:: -(len(row.depths) // _CHART)][::-1], _CHART),
    ]


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"
