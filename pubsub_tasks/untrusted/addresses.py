"""Addresses: hosts as users type them and as URLs need them, IPv6 included. Resolves no names."""

from ipaddress import ip_address
from urllib.parse import urlsplit

LOOPBACK = "loopback"


def unbracketed(host: str) -> str:
    """The host without the brackets that URLs put around IPv6 addresses."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def authority(host: str, port: int) -> str:
    """`host:port` as it stands in a URL, with an IPv6 address in brackets.

    A zone (`fe80::1%eth0`) is written as `%25`. Source: RFC 6874.
    """
    host = unbracketed(host)
    return f"[{host.replace('%', '%25')}]:{port}" if ":" in host else f"{host}:{port}"


def host_of(url: str) -> str | None:
    """The host in a URL, in lower case and without brackets; None where there is none or it is malformed."""
    try:
        return urlsplit(url).hostname or None
    except ValueError:
        return None


def same_host(one: str, other: str) -> bool:
    """Whether two hosts are the same by their text: all spellings of an address, and of loopback, are one."""
    return _canonical(one) == _canonical(other)


def _canonical(host: str) -> str:
    host = unbracketed(host).lower().removesuffix(".")
    if host == "localhost" or host.endswith(".localhost"):  # Source: RFC 6761, section 6.3
        return LOOPBACK
    try:
        address = ip_address(host)
    except ValueError:
        return host
    address = getattr(address, "ipv4_mapped", None) or address
    return LOOPBACK if address.is_loopback else str(address)
