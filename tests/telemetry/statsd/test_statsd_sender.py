"""Metrics are sent to a StatsD server."""

import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.telemetry.metrics.catalog import RECEIVED
from pubsub_tasks.telemetry.metrics.families import Family, plain_family
from pubsub_tasks.telemetry.statsd import statsd_sender
from pubsub_tasks.telemetry.statsd.statsd_sender import StatsdSender, parse_address

LINE = b"pubsub_tasks.received_messages_total:%d|c|#queue:orders"


class Counter:
    """Something that is measured."""

    received = 0

    def families(self) -> list[Family]:
        return [plain_family(RECEIVED, {("orders",): self.received})]


@pytest.fixture
def agent() -> Iterator[socket.socket]:
    """A server of UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(30)
        yield server


def address_of(agent: socket.socket) -> str:
    return f"udp://127.0.0.1:{agent.getsockname()[1]}"


def lines_waiting(server: socket.socket) -> set[bytes]:
    """All lines that have arrived and were not read yet."""
    server.setblocking(False)
    lines: set[bytes] = set()
    while True:
        try:
            lines.update(server.recv(9_000).split(b"\n"))
        except BlockingIOError:
            return lines


def test_what_was_counted_since_the_last_time_is_sent(agent: socket.socket) -> None:
    counter = Counter()
    sender = StatsdSender(parse_address(address_of(agent)), counter.families)
    for received, grown in ((3, 3), (8, 5)):
        counter.received = received
        sender.send()
        assert agent.recv(9_000) == LINE % grown


def test_the_rest_is_sent_when_the_process_ends(agent: socket.socket) -> None:
    counter = Counter()
    with StatsdSender(parse_address(address_of(agent)), counter.families).sending():
        counter.received = 2
    assert agent.recv(9_000) == LINE % 2


def test_a_send_that_hangs_does_not_keep_the_process(
    agent: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statsd_sender, "INTERVAL", 0.001)
    monkeypatch.setattr(statsd_sender, "TIMEOUT", 0.01)
    begun, released = Event(), Event()

    def hang() -> list[Family]:  # as the look-up of a server's name may
        begun.set()
        released.wait()
        return []

    with StatsdSender(parse_address(address_of(agent)), hang).sending():
        assert begun.wait(30)
    released.set()


def test_counts_wait_for_a_server_that_is_away_which_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    path, counter = str(tmp_path / "dsd.socket"), Counter()
    sender = StatsdSender(parse_address(f"unix://{path}"), counter.families)
    for received in (1, 4):
        counter.received = received
        sender.send()
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        f"metrics cannot be sent to StatsD at {path}"
    ]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        server.settimeout(30)
        sender.send()
        assert server.recv(9_000) == LINE % 4


def test_what_arrived_before_a_send_failed_is_not_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statsd_sender, "TIMEOUT", 0.05)
    counts = {(f"queue-{number}-{'x' * 200}",): 1.0 for number in range(20_000)}
    path = str(tmp_path / "dsd.socket")
    sender = StatsdSender(parse_address(f"unix://{path}"), lambda: [plain_family(RECEIVED, counts)])
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        sender.send()  # until the buffer is full
        first = lines_waiting(server)
        sender.send()
        second = lines_waiting(server)
    assert 0 < len(first) < len(counts), "the send failed half-way"
    assert second
    assert not first & second


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8125", "udp://", "udp://host:port", "tcp://host:1", "unix://host/path", "unix:", "[::"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"pubsub_metrics.statsd is .*: give udp://HOST:PORT"):
        parse_address(url)


def test_addresses_of_ipv6_and_without_a_port() -> None:
    assert parse_address("udp://[::1]:8126")[:2] == (socket.AF_INET6, ("::1", 8126))
    assert parse_address("udp://agent").address == ("agent", 8125)
