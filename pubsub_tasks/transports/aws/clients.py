"""boto3's clients of one transport, with their settings and credentials."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from weakref import WeakSet

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from ...errors import ConfigurationError, PubSubTasksError, TransportError
from ...lifecycle import forks
from ...wire.records import CREDENTIAL_CODES
from .client_settings import USER_AGENT, ClientSettings
from .credentials import NO_CREDENTIALS, credential_error
from .fast_path.fast_path import FastPath
from .fast_path.hot_calls import HOT_CALLS
from .interruptible import make_interruptible

READ_AGAIN_AFTER = 1.0
"""Minimum seconds between two reads of credentials that the service refuses and that have not changed."""

_NO_REGION = (
    "no AWS region: it is in neither the queue URL nor the topic ARN, so set AWS_DEFAULT_REGION "
    "(or AWS_REGION), or a region in your AWS profile"
)


def botocore_config(settings: ClientSettings, timeout: float) -> Config:
    """botocore's settings for calls that are aborted after `timeout` seconds without a response."""
    # A call with a short timeout gets few attempts, since the worker repeats it itself.
    attempts = settings.attempts if timeout >= settings.read_timeout else min(2, settings.attempts)
    return Config(
        max_pool_connections=settings.max_pool_connections,
        connect_timeout=settings.connect_timeout_of(timeout),
        read_timeout=timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
        parameter_validation=settings.validate,
        user_agent=USER_AGENT,
    )


@dataclass(frozen=True, slots=True)
class ServiceClient:
    """A boto3 client, its fast path if it has one, and the credentials of both."""

    client: Any
    fast_path: FastPath | None
    credentials: Any

    def keys(self, failure: type[TransportError]) -> Any:
        """Keys that are valid now; expired ones are refreshed. Raises ConfigurationError, `failure`."""
        try:
            return self.credentials.get_frozen_credentials()
        except Exception as error:
            raise credential_error(error, failure) from error


@dataclass(eq=False)
class Clients:
    """boto3's clients, created under a lock from a private session, since sessions are not thread-safe.

    If the service refuses the keys, credentials are read again before the next call. If they have changed, as
    in a rewritten credentials file, all clients are created again.
    """

    settings: ClientSettings
    _session: boto3.Session | None = None
    _service_clients: dict[tuple[str, str | None, float], ServiceClient] = field(default_factory=dict)
    _refused: bool = False
    _read_at: float = -READ_AGAIN_AFTER

    def __post_init__(self) -> None:
        _of_this_process.add(self)

    def client(self, service: str, region: str | None) -> Any:
        """The client for a service and region; None means the region of the settings.

        Raises ConfigurationError, and TransportError if the source of credentials does not respond.
        """
        made = self.service_client(service, region, self.settings.read_timeout)
        made.keys(TransportError)
        return made.client

    def service_client(
        self, service: str, region: str | None, timeout: float, failure: type[TransportError] = TransportError
    ) -> ServiceClient:
        """The client for calls with this timeout.

        Raises ConfigurationError, `failure`.
        """
        try:
            if self._refused:
                self._renew()
            return self._known(service, region, timeout)
        except PubSubTasksError:
            raise
        except Exception as error:
            raise credential_error(error, failure) from error

    def _known(self, service: str, region: str | None, timeout: float) -> ServiceClient:
        key = (service, region, timeout)
        found = self._service_clients.get(key)
        if found is None:
            with forks.blocked():
                found = self._service_clients.get(key) or self._make(service, region, timeout)
                self._service_clients[key] = found
        return found

    def forget(self) -> None:
        """Discard all clients, after a fork: their sockets belong to the parent."""
        self._session, self._service_clients = None, {}

    def _make(self, service: str, region: str | None, timeout: float) -> ServiceClient:
        settings = self.settings
        self._session = self._session or boto3.Session(profile_name=settings.profile)
        credentials = self._session.get_credentials()
        if credentials is None:
            raise ConfigurationError(NO_CREDENTIALS)
        region = region or settings.region or self._session.region_name or os.environ.get("AWS_REGION")
        if region is None:
            raise ConfigurationError(_NO_REGION)
        make: Callable[..., Any] = self._session.client
        try:
            client = make(
                service,
                region_name=region,
                endpoint_url=settings.endpoint_url,
                config=botocore_config(settings, timeout),
            )
        except (BotoCoreError, ValueError) as error:
            raise ConfigurationError(
                f"cannot create a client of {service.upper()} in {region}: {error}"
            ) from error
        make_interruptible(client)
        client.meta.events.register("after-call", self._watch)
        hot_calls = HOT_CALLS.get(service) if settings.fast_path else None
        return ServiceClient(client, FastPath(client, hot_calls) if hot_calls else None, credentials)

    def _watch(self, parsed: Any, **_: Any) -> None:
        error = parsed.get("Error") if isinstance(parsed, dict) else None
        if error and error.get("Code") in CREDENTIAL_CODES:
            self._refused = True

    def _renew(self) -> None:
        """Read the credentials again, and create all clients again if they have changed.

        At most once a second while they stay the same, since the source may be a process or a server.
        """
        with forks.blocked():
            if not self._refused or monotonic() < self._read_at + READ_AGAIN_AFTER:
                return
            self._refused = False
            session = boto3.Session(profile_name=self.settings.profile)
            found, known = _keys(session), _keys(self._session)
            if found is not None and found != known:
                self._session, self._service_clients = session, {}
            else:
                self._read_at = monotonic()


def _keys(session: boto3.Session | None) -> Any:
    credentials = session.get_credentials() if session else None
    return credentials.get_frozen_credentials() if credentials else None


_of_this_process: WeakSet[Clients] = WeakSet()


def _forget_all() -> None:
    for clients in _of_this_process:
        clients.forget()


os.register_at_fork(after_in_child=_forget_all)
