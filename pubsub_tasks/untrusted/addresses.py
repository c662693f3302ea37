"""Parse, compare and format host names and IP addresses, including IPv6, without resolving them."""

from ipaddress import ip_address
from urllib.parse import urlsplit

LOOPBACK = "loopback"


def strip_brackets(host: str) -> str:
    """Return the host without the brackets that URLs put around IPv6 addresses."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def authority(host: str, port: int) -> str:
    """Return `host:port` as written in a URL, with an IPv6 address in brackets.

    A zone (`fe80::1%eth0`) is written as `%25`. Source: RFC 6874.
    """
    host = strip_brackets(host)
    return f"[{host.replace('%', '%25')}]:{port}" if ":" in host else f"{host}:{port}"


def host_of(url: str) -> str | None:
    """Return the host of a URL in lower case and without brackets, or None if it has none or is malformed."""
    try:
        return urlsplit(url).hostname or None
    except ValueError:
        return None


def same_host(one: str, other: str) -> bool:
    """Whether two hosts are equal without a DNS lookup.

    All spellings of an IP address are equal, and so are all names and addresses of the loopback interface.
    """
    return _canonical(one) == _canonical(other)


def _canonical(host: str) -> str:
    host = strip_brackets(host).lower().removesuffix(".")
    if host == "localhost" or host.endswith(".localhost"):  # Source: RFC 6761, section 6.3
        return LOOPBACK
    try:
        address = ip_address(host)
    except ValueError:
        return host
    address = getattr(address, "ipv4_mapped", None) or address
    return LOOPBACK if address.is_loopback else str(address)
