"""A small HTTP server for those who ask whether a worker is well."""

import json
import logging
import socket
import struct
from http.client import HTTPConnection
from threading import Event
from threading import enumerate as enumerate_threads
from typing import Any

import pytest

from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.telemetry import health_server
from pubsub_tasks.telemetry.health_server import Page, health
from tests.worker.shop import until

ANSWERS = {"/healthz": lambda: (True, {"alive": True}), "/readyz": lambda: (False, "not yet")}


def ask(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, Any]:
    connection = HTTPConnection(host, port, timeout=30)
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
        pytest.raises(ConfigurationError, match=f"--health-port {port}: cannot listen on 127.0.0.1"),
        health("127.0.0.1", port, ANSWERS),
    ):
        pass


def test_a_client_that_asks_for_nothing_holds_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_server._Handler, "timeout", health_server._Handler.timeout / 1_000)
    with (
        health("127.0.0.1", 0, ANSWERS) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as client,
    ):
        assert client.recv(1) == b"", "the server has closed the connection"


def test_an_answer_that_cannot_be_made_is_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> tuple[bool, Any]:
        raise OSError("no database")

    with health("127.0.0.1", 0, {"/metrics": broken}) as port:
        assert ask(port, "/metrics") == (500, "OSError: see the log")

    assert "/metrics cannot be answered" in caplog.text
    assert "no database" in caplog.text


def test_a_client_that_waits_no_longer_is_no_error(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    # Given an answer that is too large for the buffers of a connection
    asked, gone, others = Event(), Event(), set(enumerate_threads())

    def answer() -> tuple[bool, Any]:
        asked.set()
        assert gone.wait(30)
        return True, Page(b"x" * 50_000_000, "text/plain")

    with health("127.0.0.1", 0, {"/metrics": answer}) as port:
        # When the client resets its connection before it comes
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            assert asked.wait(30)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.set()
        until(
            lambda: not [each for each in {*enumerate_threads()} - others if "process_request" in each.name]
        )

    # Then nothing is printed or logged
    assert capfd.readouterr().err == ""
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def test_it_ends_with_its_block() -> None:
    with health("127.0.0.1", 0, ANSWERS) as port:
        pass
    with pytest.raises(ConnectionRefusedError):
        ask(port, "/healthz")


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_it_listens_on_ipv6_where_the_machine_has_it(host: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pubsub_tasks")
    if not has_ipv6():
        with pytest.raises(ConfigurationError, match="cannot listen on"), health(host, 0, ANSWERS):
            pass
        return
    with health(host, 0, ANSWERS) as port:
        assert ask(port, "/healthz", "::1") == (200, {"alive": True})

    assert f"http://[::1]:{port}/status" in caplog.text


@pytest.mark.parametrize("host", ["::", "0.0.0.0"] if has_ipv6() else ["0.0.0.0"])
def test_all_addresses_answer_by_ipv4_too(host: str) -> None:
    with health(host, 0, ANSWERS) as port:
        assert ask(port, "/healthz", "127.0.0.1") == (200, {"alive": True})


@pytest.mark.parametrize("host", ["a..b", ":::", "[::1", "x" * 300])
def test_a_host_that_is_none_is_told_of(host: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot listen on"), health(host, 0, ANSWERS):
        pass
