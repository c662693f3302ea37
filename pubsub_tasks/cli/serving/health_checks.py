"""Answers of `--health-port`, for the workers of this process or for its child processes."""

import json
import os
from collections.abc import Mapping, Sequence
from functools import partial
from http.client import HTTPConnection, HTTPException
from typing import Any

from ...processes.child_process import ChildProcess
from ...processes.served_queue import package_version
from ...processes.service import Service
from ...telemetry.health_server import PATHS, Answer
from ...telemetry.recent_activity import RecentActivity
from ...worker.worker import UNREADY_AFTER

LOOPBACK = "127.0.0.1"

TIMEOUT = 2.0
"""Seconds in which a child process must answer."""


def service_checks(
    services: Sequence[Service], recent: RecentActivity, unready_after: float = UNREADY_AFTER
) -> Mapping[str, Answer]:
    """Answers for this process's workers, by path. `unready_after`, in seconds, is for `Worker.is_ready`."""
    workers = [each.worker for each in services]

    def status() -> dict[str, Any]:
        queues = [worker.status() for worker in workers]
        return {"pid": os.getpid(), "version": package_version(), "queues": queues, **recent.status()}

    return {
        "/healthz": lambda: _all({worker.queue.name: worker.is_alive() for worker in workers}),
        "/readyz": lambda: _all({worker.queue.name: worker.is_ready(unready_after) for worker in workers}),
        "/status": lambda: (True, status()),
    }


def child_checks(children: Sequence[ChildProcess]) -> Mapping[str, Answer]:
    """Answers that combine those of all child processes, by path."""
    return {path: partial(_gather, children, path) for path in PATHS}


def _all(results: dict[str, bool]) -> tuple[bool, dict[str, bool]]:
    return all(results.values()), results


def _gather(children: Sequence[ChildProcess], path: str) -> tuple[bool, dict[str, Any]]:
    answers = {child.share.name: _ask(child, path) for child in children}
    return all(ok for ok, _ in answers.values()), {name: body for name, (_, body) in answers.items()}


def _ask(child: ChildProcess, path: str) -> tuple[bool, Any]:
    port = child.reported.get("health")
    if port is None:
        return path != "/readyz", "starting"  # a restart of one must not get the others killed
    connection = HTTPConnection(LOOPBACK, port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status == 200, json.loads(answer.read())
    except (OSError, HTTPException, ValueError) as error:
        return False, f"no answer: {error}"
    finally:
        connection.close()
