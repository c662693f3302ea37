"""Clients: boto3's clients of one transport, their settings, and the credentials they are made with."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from time import monotonic
from typing import Any
from weakref import WeakSet

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from ...errors import ConfigurationError, TransportError
from ...lifecycle import forks
from ...wire.records import CREDENTIAL_CODES
from .credentials import NO_CREDENTIALS, credential_errors
from .fast_path import FastPath
from .hot_calls import HOT_CALLS
from .interruptible import make_interruptible

LONGEST_WAIT = 20
"""Seconds. Source: SQS API reference, ReceiveMessage."""

MAX_POOL_CONNECTIONS = 1_000
"""More than the threads that a process usually has; botocore's own 10 warns and reconnects beyond ten."""

READ_AGAIN_AFTER = 1.0
"""Seconds between two readings of credentials that the service refuses and that have not changed."""

_NO_REGION = (
    "no AWS region: it is in neither the queue URL nor the topic ARN, so set AWS_DEFAULT_REGION "
    "(or AWS_REGION), or a region in your AWS profile"
)


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """How to reach AWS. All times in seconds.

    Attributes:
        region: for what does not tell its own, as an emulator's queue URL; None for boto3's settings.
        endpoint_url: None for AWS_ENDPOINT_URL and what else boto3 looks at.
        profile: name of a profile in AWS's own files; None for boto3's choice.
        max_pool_connections: connections of one client that are kept open; they are opened when needed. More
            threads than that can call at once, but open a connection for each call.
        attempts: tries of one call, the first included, in boto3's `standard` mode.
        connect_timeout: for a connection to stand.
        read_timeout: for an answer, beside the wait that a receive asks for.
        wait: the longest that a receive asks the service to wait.
        lease: of the messages that are held, None where none are; see `timeouts.py`.
        validate: let boto3 check each parameter before it is sent; what this package sends is typed.
        fast_path: send and receive without botocore's machinery where all is well; see `fast_path.py`. Off,
            every call goes through botocore, and so through what patches it, such as tracing.
    """

    region: str | None = None
    endpoint_url: str | None = None
    profile: str | None = None
    max_pool_connections: int = MAX_POOL_CONNECTIONS
    attempts: int = 3
    connect_timeout: float = 5.0
    read_timeout: float = 10.0
    wait: int = LONGEST_WAIT
    lease: float | None = None
    validate: bool = False
    fast_path: bool = True

    def config(self, timeout: float) -> Config:
        """botocore's own settings for calls that are given up after `timeout` seconds without an answer."""
        # A call that must not take long gets few tries: a worker makes another one by itself.
        attempts = self.attempts if timeout >= self.read_timeout else min(2, self.attempts)
        return Config(
            max_pool_connections=self.max_pool_connections,
            connect_timeout=min(self.connect_timeout, timeout),
            read_timeout=timeout,
            retries={"mode": "standard", "total_max_attempts": attempts},
            tcp_keepalive=True,
            parameter_validation=self.validate,
            user_agent=_user_agent(),
        )


@dataclass(frozen=True, slots=True)
class Made:
    """A client, its fast path if it has one, and the credentials that both use."""

    client: Any
    fast_path: FastPath | None
    credentials: Any


@dataclass(eq=False)
class Clients:
    """boto3's clients, made under a lock from a session of our own; a session is not for several threads.

    When the service refuses the keys, credentials are read again before the next call: if they have changed,
    as in a rewritten credentials file, all clients are made anew.
    """

    settings: ClientSettings
    _session: boto3.Session | None = None
    _made: dict[tuple[str, str | None, float], Made] = field(default_factory=dict)
    _refused: bool = False
    _read_at: float = -READ_AGAIN_AFTER

    def __post_init__(self) -> None:
        _of_this_process.add(self)

    def client(self, service: str, region: str | None) -> Any:
        """The client for this service and region (None: the settings').

        Raises ConfigurationError, and TransportError where the source of credentials does not answer.
        """
        return self.made(service, region, self.settings.read_timeout).client

    def made(
        self, service: str, region: str | None, timeout: float, failure: type[TransportError] = TransportError
    ) -> Made:
        """That for calls of this time-out, its credentials at hand. Raises ConfigurationError, `failure`."""
        with credential_errors(failure):
            if self._refused:
                self._renew()
            made = self._known(service, region, timeout)
            made.credentials.get_frozen_credentials()  # where they have run out, this fetches others
        return made

    def _known(self, service: str, region: str | None, timeout: float) -> Made:
        key = (service, region, timeout)
        made = self._made.get(key)
        if made is None:
            with forks.blocked():
                made = self._made.get(key) or self._make(service, region, timeout)
                self._made[key] = made
        return made

    def forget(self) -> None:
        """Start anew after a fork: sockets belong to the parent."""
        self._session, self._made = None, {}

    def _make(self, service: str, region: str | None, timeout: float) -> Made:
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
                config=settings.config(timeout),
            )
        except (BotoCoreError, ValueError) as error:
            raise ConfigurationError(f"cannot speak to {service.upper()} in {region}: {error}") from error
        make_interruptible(client)
        client.meta.events.register("after-call", self._watch)
        hot_calls = HOT_CALLS.get(service) if settings.fast_path else None
        return Made(client, FastPath(client, credentials, hot_calls) if hot_calls else None, credentials)

    def _watch(self, parsed: Any, **_: Any) -> None:
        error = parsed.get("Error") if isinstance(parsed, dict) else None
        if error and error.get("Code") in CREDENTIAL_CODES:
            self._refused = True

    def _renew(self) -> None:
        """Read the credentials again, and make all clients anew if they are others. At most once a second
        while they stay the same, since the source may be a process or a server."""
        with forks.blocked():
            if not self._refused or monotonic() < self._read_at + READ_AGAIN_AFTER:
                return
            self._refused = False
            session = boto3.Session(profile_name=self.settings.profile)
            found, known = _keys(session), _keys(self._session)
            if found is not None and found != known:
                self._session, self._made = session, {}
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


def _user_agent() -> str:
    """Short, since botocore rebuilds its own long one for each request, and still naming boto3 and us."""
    try:
        ours = f"pubsub-tasks/{version('pubsub-tasks')}"
    except PackageNotFoundError:
        ours = "pubsub-tasks"
    return f"Boto3/{boto3.__version__} {ours}"
