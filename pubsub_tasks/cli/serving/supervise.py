"""Runs a worker command as several child processes. The supervising process does not load the app."""

import importlib
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from threading import Event, Thread
from typing import Any

from ...errors import MissingExtra
from ...processes.supervised_process import ProcessShare
from ...processes.supervisor import Supervisor
from ...tasks.registry import Tasks

logger = logging.getLogger("pubsub_tasks.worker")

Flags = Mapping[str, Any]


def supervise(flags: Flags, tasks: Callable[[], Tasks], stack: ExitStack) -> int:
    """Run this command line in a child process for each share of the work; returns the exit code."""
    queues: list[tuple[str | None, str | None]]
    if flags["local"]:
        from ...environments.local_broker import local
        from ..local import chosen_queues, preferred_port, print_publishing_instructions

        app_tasks = tasks()
        broker = stack.enter_context(local(app_tasks, preferred_port()))
        queues = list(chosen_queues(broker, app_tasks, flags["queue"]))
        print_publishing_instructions(broker, app_tasks, flags["log_format"], logger)
    else:
        queues = [(flags["queue"], url) for url in flags["sqs_queue_url"] or (None,)]
    supervisor = Supervisor(
        [sys.executable, *sys.orig_argv[1:]],
        list(process_shares(queues, flags["processes"])),
        flags["grace"],
        os.environ,
        reloads=flags["reload"],
    )
    if flags["health_port"] is not None:
        from ...telemetry.health_server import health
        from .child_health import child_checks
        from .child_metrics import child_metrics

        checks = {**child_checks(supervisor.children), **child_metrics(supervisor)}
        stack.enter_context(health(flags["health_host"], flags["health_port"], checks))
    if flags["reload"]:
        stack.enter_context(watch_python_files(os.getcwd(), supervisor.reload))
    return supervisor.run()


def process_shares(queues: Sequence[tuple[str | None, str | None]], processes: int) -> Iterator[ProcessShare]:
    """`processes` shares for each queue (logical name, URL), named after the queue."""
    for queue, url in queues:
        name = (url or queue or "worker").rstrip("/").rpartition("/")[2]
        for number in range(1, processes + 1):
            yield ProcessShare(f"{name}-{number}" if processes > 1 else name, url, queue)


@contextmanager
def watch_python_files(directory: str, changed: Callable[[], None]) -> Iterator[None]:
    """Call `changed` whenever a Python file below the directory changes. Raises MissingExtra."""
    try:
        watchfiles = importlib.import_module("watchfiles")
    except ModuleNotFoundError as error:
        raise MissingExtra("--reload", "reload") from error
    stop = Event()

    def watch() -> None:
        python_files = watchfiles.PythonFilter()
        for _ in watchfiles.watch(
            directory, watch_filter=python_files, stop_event=stop, raise_interrupt=False
        ):
            changed()

    thread = Thread(target=watch, name="pubsub-reload", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
