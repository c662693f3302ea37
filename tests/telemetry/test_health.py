"""A small HTTP server for those who ask whether a worker is well."""

import json
from http.client import HTTPConnection
from typing import Any

import pytest

from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.telemetry.health import health

ANSWERS = {"/healthz": lambda: (True, {"alive": True}), "/readyz": lambda: (False, "not yet")}


def ask(port: int, path: str) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_each_path_has_its_answer_and_a_code_that_tells_it() -> None:
    with health("127.0.0.1", 0, ANSWERS) as port:
        assert ask(port, "/healthz") == (200, {"alive": True})
        assert ask(port, "/readyz?verbose") == (503, "not yet")
        assert ask(port, "/") == (404, {"there is": ["/healthz", "/readyz"]})


def test_a_port_that_is_taken_is_told_of() -> None:
    with (
        health("127.0.0.1", 0, ANSWERS) as port,
        pytest.raises(ConfigurationError, match=f"--health-port {port}: 127.0.0.1"),
        health("127.0.0.1", port, ANSWERS),
    ):
        pass


def test_it_ends_with_its_block() -> None:
    with health("127.0.0.1", 0, ANSWERS) as port:
        pass
    with pytest.raises(ConnectionRefusedError):
        ask(port, "/healthz")
