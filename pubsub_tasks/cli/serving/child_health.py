"""Answers of a supervisor's health server, combined from those of its child processes."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from http.client import HTTPConnection, HTTPException
from typing import Any

from ...processes.child_process import ChildProcess
from ...processes.supervised_process import LOOPBACK
from ...telemetry.health_server import PATHS, Answer

TIMEOUT = 2.0
"""Seconds in which a child process must answer."""


def child_checks(children: Sequence[ChildProcess]) -> Mapping[str, Answer]:
    """Answers that combine those of all child processes, by path."""
    return {path: partial(_gather, children, path) for path in PATHS}


def _gather(children: Sequence[ChildProcess], path: str) -> tuple[bool, dict[str, Any]]:
    answers = {child.share.name: ask(child, path) for child in children}
    return all(ok for ok, _ in answers.values()), {name: body for name, (_, body) in answers.items()}


def ask(child: ChildProcess, path: str) -> tuple[bool, Any]:
    """Whether the check of this path passes in a child process, and its answer as JSON types."""
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
