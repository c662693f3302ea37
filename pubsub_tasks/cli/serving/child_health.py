"""Answers of a supervisor's health server, combined from those of its child processes."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
    answers = ask_all(children, path)
    return all(ok for ok, _ in answers.values()), {name: body for name, (_, body) in answers.items()}


def ask_all(children: Sequence[ChildProcess], path: str) -> dict[str, tuple[bool, Any]]:
    """By the name of each child process, whether its check of this path passes, and its answer as JSON types.

    They are asked at once: a probe does not wait for the time limits of several that hang, one after another.
    """
    with ThreadPoolExecutor(len(children) or 1, "pubsub-health") as pool:
        answers = pool.map(partial(_ask, path=path), children)
        return {child.share.name: answer for child, answer in zip(children, answers, strict=True)}


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
