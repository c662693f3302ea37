"""Asking a worker for its status."""

import socket
from typing import Any

import pytest

from pubsub_tasks.dashboard.worker_address import WorkerAddress
from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.telemetry.health_server import health


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("box:8080", WorkerAddress("box", 8080)),
        ("http://box:8080/status", WorkerAddress("box", 8080)),
        ("https://box/orders/status", WorkerAddress("box", 443, "/orders/status", tls=True)),
        ("[::1]:8080", WorkerAddress("::1", 8080)),
    ],
)
def test_an_address_is_host_and_port_or_a_url(text: str, address: WorkerAddress) -> None:
    assert WorkerAddress.parse(text) == address


@pytest.mark.parametrize("text", ["", "ftp://box", ":8080", "box:99999", "box:port", "http://["])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="write host:port"):
        WorkerAddress.parse(text)


def test_the_answer_is_json_and_no_answer_is_told() -> None:
    with health("127.0.0.1", 0, {"/status": lambda: (True, {"queues": []})}) as port:
        assert WorkerAddress("127.0.0.1", port).status() == {"queues": []}

    assert str(WorkerAddress("127.0.0.1", port).status()).startswith("no answer: ")


def test_a_name_with_several_addresses_is_a_worker_at_each(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *given: Any, **options: Any) -> Any:
        if host != "shop.internal":
            return real(host, port, *given, **options)
        return [(socket.AF_INET, 1, 6, "", (f"127.0.0.{number}", port)) for number in (1, 2, 1)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with health("127.0.0.1", 0, {"/status": lambda: (True, {"queues": []})}) as port:
        told = WorkerAddress("shop.internal", port).status()

    assert told["127.0.0.1"] == {"queues": []}
    assert told["127.0.0.2"].startswith("no answer: ")
