"""Asks a worker's health server for its `/status`."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Self
from urllib.parse import urlsplit

from ..errors import ConfigurationError
from ..untrusted.addresses import authority

TIMEOUT = 2.0
"""Seconds in which a worker must answer."""

_MOST_AT_ONCE = 16

LARGEST_ANSWER = 4_194_304
"""Bytes that are read of an answer."""


@dataclass(frozen=True, slots=True)
class WorkerAddress:
    """The address of a health server, as given by `--health-port` and `--health-host` of a worker."""

    host: str
    port: int
    path: str = "/status"
    tls: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address written as `host:port` or as a URL. Raises ConfigurationError."""
        try:
            parts = urlsplit(text if "://" in text else f"http://{text}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if not host or parts.scheme not in ("http", "https"):
            raise ConfigurationError(
                f"--worker {text!r} is no address of a health server: write host:port, or "
                "http://host:port/status"
            )
        tls = parts.scheme == "https"
        path = parts.path if parts.path not in ("", "/") else "/status"
        return cls(host, port or (443 if tls else 80), path, tls)

    @property
    def name(self) -> str:
        """Such as `10.0.0.7:8080`."""
        return authority(self.host, self.port)

    def status(self) -> Any:
        """The answer of `/status` as JSON types; in place of one, a text that says why there is none.

        A name that has several addresses, as of an ECS service or a headless Kubernetes service, stands for a
        worker at each: a mapping of address to answer.
        """
        hosts = [] if self.tls else _addresses(self.host, self.port)  # a certificate is for the name
        if len(hosts) < 2:
            return self._ask(self.host)
        with ThreadPoolExecutor(_MOST_AT_ONCE, "pubsub-dashboard-workers") as pool:
            return dict(zip(hosts, pool.map(self._ask, hosts), strict=True))

    def _ask(self, host: str) -> Any:
        kind = HTTPSConnection if self.tls else HTTPConnection
        connection = kind(host, self.port, timeout=TIMEOUT)
        try:
            connection.request("GET", self.path)
            return json.loads(connection.getresponse().read(LARGEST_ANSWER))
        except (OSError, HTTPException, ValueError, RecursionError) as error:
            return f"no answer: {error}"
        finally:
            connection.close()


def _addresses(host: str, port: int) -> list[str]:
    """The IPv4 addresses of a name; empty if it has none, as for an IPv6 address."""
    try:
        found = socket.getaddrinfo(host, port, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return sorted({str(address[0]) for *_, address in found})
