"""Fetches resources over HTTP from URIs in messages, which are untrusted.

A host on the allow-list is connected to by name. Any other host is resolved once, all of its addresses must
be public, and the connection uses one of them, so that a later change of its DNS records has no effect. Uses
urllib3, which botocore depends on.
"""

import socket
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urljoin, urlsplit

import urllib3

from ..errors import ResourceRefused, TransportError
from ..untrusted.addresses import host_of, same_host

MAX_SIZE = 16_777_216
"""Default limit for the size of a resource, in bytes."""

MAX_REDIRECTS = 3

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NAT64 = ip_network("64:ff9b::/96")
"""IPv6 addresses that translate to IPv4 ones. Source: RFC 6052, section 2.1."""

Origin = tuple[str, str, int]
"""Scheme, host and port."""


def is_public(address: str) -> bool:
    """Whether an IP address is globally reachable: not loopback, private, link-local, multicast or reserved.

    An IPv6 address that contains an IPv4 address is checked as that address.
    """
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        found = _ipv4_within(found) or found
    return found.is_global and not found.is_multicast and not found.is_reserved


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a host, in the system's order of preference. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True)
class Fetcher:
    """Fetches by HTTP and HTTPS. Safe to share between threads.

    Attributes:
        allowed_hosts: hosts that may have private addresses; `*.example.com` matches all subdomains.
        timeout: seconds for connecting, and for each read.
        max_size: maximum size of a resource in bytes.
        resolve, is_public: resolves a host that is not on the allow-list, and decides which addresses to
            allow.
    """

    allowed_hosts: Collection[str] = ()
    timeout: float = 10.0
    max_size: int = MAX_SIZE
    resolve: Callable[[str, int], Sequence[str]] = resolve
    is_public: Callable[[str], bool] = is_public
    _pools: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(num_pools=64, maxsize=16))

    def get(self, uri: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Fetch a URI and return status and body. Follows redirects to the same scheme, host and port.

        Raises ResourceRefused for a URI that must not be fetched, TransportError if the request fails or the
        body is larger than `max_size`.
        """
        first = _origin(uri)
        addresses = self._addresses(uri, first)
        sent = {**headers, "accept-encoding": "identity"}
        for _ in range(MAX_REDIRECTS + 1):
            status, body, location = self._request(uri, first, addresses, sent)
            if location is None:
                return status, body
            target = urljoin(uri, location)
            if _origin(target) != first:
                raise ResourceRefused(f"GET {uri} redirects elsewhere, to {target!r:.200}: not followed")
            uri = target
        raise TransportError(f"GET {uri} redirects more than {MAX_REDIRECTS} times", code="TooManyRedirects")

    def _addresses(self, uri: str, origin: Origin) -> Sequence[str]:
        _, host, port = origin
        if any(_matches(host, allowed) for allowed in self.allowed_hosts):
            return [host]
        try:
            addresses = self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise TransportError(
                f"GET {uri} failed: {host} has no address: {error}", code="NoAddress"
            ) from error
        private = [address for address in addresses if not self.is_public(address)]
        if private or not addresses:
            raise ResourceRefused(
                f"GET {uri} is refused: {host} is at {', '.join(private) or 'no address'}, which is not "
                "public; add the host to allowed_hosts if messages may name it"
            )
        return addresses

    def _request(
        self, uri: str, origin: Origin, addresses: Sequence[str], headers: Mapping[str, str]
    ) -> tuple[int, bytes, str | None]:
        failure: urllib3.exceptions.HTTPError | None = None
        for address in addresses:
            try:
                with closing(self._open(uri, origin, address, headers)) as answer:
                    return self._read(uri, answer)
            except urllib3.exceptions.NewConnectionError as error:
                failure = error
            except urllib3.exceptions.HTTPError as error:
                raise TransportError(f"GET {uri} failed: {error}", code=type(error).__name__) from error
        code = type(failure).__name__
        raise TransportError(f"GET {uri} failed: {failure}", code=code) from failure

    def _open(self, uri: str, origin: Origin, address: str, headers: Mapping[str, str]) -> Any:
        scheme, host, port = origin
        url = urlsplit(uri)
        tls = {"server_hostname": host, "assert_hostname": host} if scheme == "https" else {}
        pool = self._pools.connection_from_host(address, port, scheme, pool_kwargs=tls)
        return pool.urlopen(
            "GET",
            url._replace(scheme="", netloc="", fragment="", path=url.path or "/").geturl(),
            headers={**headers, "host": _authority(scheme, host, port)},
            timeout=self.timeout,
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
        )

    def _read(self, uri: str, answer: Any) -> tuple[int, bytes, str | None]:
        if answer.status in _REDIRECTS and answer.headers.get("location"):
            return answer.status, b"", answer.headers["location"]
        # Not decoded: a compressed body, which was not requested, could expand to any size.
        body = answer.read(self.max_size + 1, decode_content=False)
        if len(body) > self.max_size:
            raise TransportError(
                f"GET {uri} was answered with more than {self.max_size:,} bytes", code="ResourceTooLarge"
            )
        answer.release_conn()
        return answer.status, body, None


def _origin(uri: str) -> Origin:
    """Scheme, host and port of a URI. Raises ResourceRefused if it is not an HTTP URI."""
    try:
        url = urlsplit(uri)
        scheme, host, port = url.scheme, host_of(uri), url.port
    except (ValueError, AttributeError, TypeError):
        scheme, host, port = "", None, None
    if scheme not in _PORTS or host is None or url.username is not None or any(ord(c) <= 32 for c in uri):
        raise ResourceRefused(f"{uri!r:.200} is not fetched: it is not a URI of the form http(s)://host/path")
    return scheme, host, port or _PORTS[scheme]


def _matches(host: str, allowed: str) -> bool:
    if allowed.startswith("*."):
        return host.removesuffix(".").endswith(allowed[1:].lower())
    return same_host(host, allowed)


def _authority(scheme: str, host: str, port: int) -> str:
    host = f"[{host}]" if ":" in host else host
    return host if port == _PORTS[scheme] else f"{host}:{port}"


def _ipv4_within(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour
