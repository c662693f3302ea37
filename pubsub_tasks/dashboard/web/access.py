"""Who may ask the dashboard for what: token, host, origin, and forms that only its own pages can have sent.

A page of another site can send requests to the loopback interface, also under a host name of its own (DNS
rebinding). So Host and Origin are held to a list, and each form carries a token. No I/O.
"""

import hmac
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from ...errors import ConfigurationError
from ...untrusted.addresses import host_of, same_host, strip_brackets

MIN_TOKEN = 16
"""Characters of a token that is needed when others can reach the dashboard."""

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Access:
    """The rules of one dashboard.

    Attributes:
        token: the secret that the printed URL carries.
        hosts: names and addresses in `Host` and `Origin` that are answered.
        any_address: whether each IP address is answered as well: it cannot be another site's name.
        read_only: whether every action is refused.
    """

    token: str
    hosts: tuple[str, ...] = LOOPBACK_NAMES
    any_address: bool = False
    read_only: bool = False

    @property
    def cookie(self) -> str:
        """The value of the cookie of a browser that has shown the token."""
        return self._derived("cookie")

    @property
    def form_token(self) -> str:
        """The value that each form sends."""
        return self._derived("form")

    def is_token(self, offered: str) -> bool:
        """Whether this is the token."""
        return _equal(offered, self.token)

    def is_cookie(self, offered: str) -> bool:
        """Whether this is the cookie's value."""
        return _equal(offered, self.cookie)

    def is_form_token(self, offered: str) -> bool:
        """Whether this is the value that a form sends."""
        return _equal(offered, self.form_token)

    def answers_host(self, host: str) -> bool:
        """Whether a request with this `Host` header is answered."""
        name = host_of(f"//{host}")
        return name is not None and self._allows(name)

    def answers_origin(self, origin: str, host: str) -> bool:
        """Whether a request with this `Origin` header is: the dashboard's own, or of an allowed host."""
        if not origin.startswith(("http://", "https://")):
            return False
        name = host_of(origin)
        is_own = urlsplit(origin).netloc.lower() == host.lower() if name else False
        return is_own or (name is not None and name in self.hosts and name not in LOOPBACK_NAMES)

    def _allows(self, name: str) -> bool:
        return any(same_host(name, each) for each in self.hosts) or (self.any_address and _is_address(name))

    def _derived(self, purpose: str) -> str:
        return hmac.digest(self.token.encode(), purpose.encode(), "sha256").hex()


def access_for(
    host: str, token: str | None, fresh_token: str, allowed_hosts: tuple[str, ...], *, read_only: bool
) -> Access:
    """The rules of a dashboard that listens on `host`; on loopback, `fresh_token` stands for a missing one.

    Raises ConfigurationError if others could reach it without a token of 16 characters.
    """
    local = same_host(host, LOOPBACK_NAMES[0])
    if token is None and not local:
        raise ConfigurationError(
            f"--host {host}: others can reach the dashboard there, so it needs --token or "
            f"PUBSUB_TASKS_DASHBOARD_TOKEN with at least {MIN_TOKEN} characters"
        )
    if token is not None and len(token) < MIN_TOKEN:
        raise ConfigurationError(f"the token has {len(token)} characters: give at least {MIN_TOKEN}")
    names = (*LOOPBACK_NAMES, strip_brackets(host).lower(), *(each.lower() for each in allowed_hosts))
    return Access(token or fresh_token, names, any_address=_is_any(host), read_only=read_only)


def _is_any(host: str) -> bool:
    """Whether the host stands for all addresses of the machine."""
    name = strip_brackets(host)
    return not name or (_is_address(name) and ip_address(name).is_unspecified)


def _is_address(name: str) -> bool:
    try:
        ip_address(strip_brackets(name))
    except ValueError:
        return False
    return True


def _equal(offered: str, expected: str) -> bool:
    # Of texts with other characters than ASCII, compare_digest raises TypeError.
    return hmac.compare_digest(offered.encode("utf-8", "replace"), expected.encode())
