"""Sends metrics to a StatsD server that knows tags, such as the Datadog agent, every few seconds."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread
from typing import NamedTuple
from urllib.parse import urlsplit

from ...errors import ConfigurationError
from ...untrusted.exceptions import SafeLogger
from ..metrics.families import Family
from .statsd_lines import Values, datagrams, statsd_lines, values_after

logger = SafeLogger(__name__)

INTERVAL = 10.0
"""Seconds between two sends. The Datadog agent aggregates as often."""

TIMEOUT = 1.0
"""Seconds for which a send may block."""


class StatsdAddress(NamedTuple):
    """Where to send to, and how many bytes a datagram may have.

    The limits are those of Datadog's clients: what fits in a packet of a network, and more on one machine.
    """

    family: socket.AddressFamily
    address: str | tuple[str, int]
    limit: int


def parse_address(url: str) -> StatsdAddress:
    """The address in `udp://HOST:PORT` or `unix:///PATH`. Raises ConfigurationError."""
    try:
        parts = urlsplit(url)
        port = parts.port or 8125
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme == "udp" and parts.hostname:
        family = socket.AF_INET6 if ":" in parts.hostname else socket.AF_INET
        return StatsdAddress(family, (parts.hostname, port), 1_432)
    if parts.scheme == "unix" and parts.path and not parts.netloc:
        return StatsdAddress(socket.AF_UNIX, parts.path, 8_192)
    raise ConfigurationError(
        f"pubsub_metrics.statsd is {url!r}: give udp://HOST:PORT, or unix:///PATH of a socket"
    )


class StatsdSender:
    """Sends what `families` returns: gauges, and by how much counters have grown.

    Counts that could not be sent are part of the next send, unless the network lost them. Counts that were
    sent before a send failed are not sent again.
    """

    def __init__(
        self, to: StatsdAddress, families: Callable[[], list[Family]], process: str | None = None
    ) -> None:
        self._to = to
        self._families = families
        self._process = process
        self._sent: Values = {}
        self._failing = False

    def send(self) -> None:
        """Send once. A failure is logged, once until sending works again."""
        families: list[Family] = []
        lines = 0
        try:
            families = self._families()
            with closing(socket.socket(self._to.family, socket.SOCK_DGRAM)) as server:
                server.settimeout(TIMEOUT)
                server.connect(self._to.address)
                for datagram in datagrams(statsd_lines(families, self._sent, self._process), self._to.limit):
                    server.send(datagram)
                    lines += datagram.count(b"\n") + 1
        except Exception as error:
            if not self._failing:
                logger.warning("metrics cannot be sent to StatsD at %s: %s", self._to.address, error)
            self._failing = True
        else:
            self._failing = False
        self._sent = values_after(families, self._sent, lines)

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send in a thread every `INTERVAL` seconds while the block runs, and once at its end.

        The end waits for two timeouts: a server's name may take longer to look up than a worker has to stop.
        """
        ended = Event()

        def work() -> None:
            while not ended.wait(INTERVAL):
                self.send()
            self.send()

        thread = Thread(target=work, name="pubsub-statsd", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(2 * TIMEOUT)
