"""Probes: what `--health-port` answers, of the workers in this process or of the processes under this one."""

import json
import os
from collections.abc import Mapping, Sequence
from functools import partial
from http.client import HTTPConnection, HTTPException
from typing import Any

from ...processes.child_process import ChildProcess
from ...processes.service import Service, package_version
from ...telemetry.health_server import PATHS, Answer
from ...telemetry.recent_activity import RecentActivity
from ...worker.worker import UNREADY_AFTER

LOOPBACK = "127.0.0.1"

PATIENCE = 2.0
"""Seconds that a process gets to answer."""


def of_services(
    services: Sequence[Service], recent: RecentActivity, unready_after: float = UNREADY_AFTER
) -> Mapping[str, Answer]:
    """The answers of workers in this process; see `Worker.is_ready` for `unready_after` (seconds)."""
    workers = [each.worker for each in services]

    def status() -> dict[str, Any]:
        queues = [worker.status() for worker in workers]
        return {"pid": os.getpid(), "version": package_version(), "queues": queues, **recent.status()}

    return {
        "/healthz": lambda: _all({worker.queue.name: worker.is_alive() for worker in workers}),
        "/readyz": lambda: _all({worker.queue.name: worker.is_ready(unready_after) for worker in workers}),
        "/status": lambda: (True, status()),
    }


def of_children(children: Sequence[ChildProcess]) -> Mapping[str, Answer]:
    """The answers of all processes, by name."""
    return {path: partial(_gather, children, path) for path in PATHS}


def _all(said: dict[str, bool]) -> tuple[bool, dict[str, bool]]:
    return all(said.values()), said


def _gather(children: Sequence[ChildProcess], path: str) -> tuple[bool, dict[str, Any]]:
    answers = {child.share.name: _ask(child, path) for child in children}
    return all(well for well, _ in answers.values()), {name: said for name, (_, said) in answers.items()}


def _ask(child: ChildProcess, path: str) -> tuple[bool, Any]:
    port = child.reported.get("health")
    if port is None:
        return path != "/readyz", "starting"  # what is started anew is no reason to kill the others
    connection = HTTPConnection(LOOPBACK, port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status == 200, json.loads(answer.read())
    except (OSError, HTTPException, ValueError) as error:
        return False, f"no answer: {error}"
    finally:
        connection.close()
