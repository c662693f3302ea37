"""Makes the server of a dashboard, for the command and for a worker that opens one."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from logging import Logger
from typing import TYPE_CHECKING

from ...dashboard.monitored_app import MonitoredApp, WorkerSource
from ...dashboard.poller import Poller
from ...dashboard.web.access import Access, access_for
from ...dashboard.worker_address import WorkerAddress
from ...environments.local_broker import LocalBroker
from ...errors import MissingExtra
from ...local.server import HOST, is_free
from ...tasks.registry import Tasks

if TYPE_CHECKING:
    from ...dashboard.web.web_server import DashboardServer

PORT = 8765
"""Default port. It is fixed so that a page that is open stays valid after a restart."""

LOCAL_INTERVAL = 1.0
"""Seconds between two looks at a local broker, which costs nothing."""


def fresh_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(24)


def make_server(poller: Poller, access: Access, host: str, port: int) -> "DashboardServer":
    """Raises MissingExtra, and ConfigurationError if the port cannot be used."""
    try:
        from ...dashboard.web.web_server import DashboardServer
    except ModuleNotFoundError as error:
        raise MissingExtra("the dashboard", "dashboard") from error
    return DashboardServer(poller, access, host, port)


@contextmanager
def local_dashboard(
    broker: LocalBroker, tasks: Tasks, health: tuple[str, int], logger: Logger
) -> Iterator[None]:
    """The dashboard of a local broker and this process's worker, while the block runs.

    `health` is the host and port of the worker's health server.

    Raises MissingExtra.
    """
    source = WorkerSource("this worker", WorkerAddress(*health).status)
    arns = broker.provisioned.topic_arns
    app = MonitoredApp(
        tasks,
        broker.transport,
        broker.provisioned.queue_urls,
        [source],
        topic=lambda media_type: arns.get(media_type, ""),
    )
    access = access_for(HOST, None, fresh_token(), (), read_only=False)
    port = PORT if is_free(PORT) else 0
    server = make_server(Poller(app, LOCAL_INTERVAL), access, HOST, port)
    with server.in_thread():
        logger.info("dashboard: http://%s:%s/?token=%s", HOST, server.port, access.token)
        yield
