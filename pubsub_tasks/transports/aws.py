"""AwsTransport: SNS and SQS through boto3. Knows clients, credentials and time-outs; no queue's rules."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from weakref import WeakSet

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from .. import forks
from ..addresses import host_of
from ..errors import ConfigurationError, TransportError
from ..events import Called
from ..observing import Observers
from . import Features
from .dialects import DIALECTS
from .fast_path import FastPath
from .observed import observed
from .regions import region_of_arn, region_of_url
from .sns import SnsPublisher
from .sqs import SqsQueue, find_queue
from .timeouts import answer_within

LONGEST_WAIT = 20
"""Seconds. Source: SQS API reference, ReceiveMessage."""

_QUEUE_URL = re.compile(r"https?://[^/\s]+/(?:[^/\s]+/)+[^/\s]+/?")

_NO_CREDENTIALS = (
    "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile in AWS_PROFILE, "
    "or run where a role gives them"
)
_NO_REGION = (
    "no AWS region: it is in neither the queue URL nor the topic ARN, so set AWS_DEFAULT_REGION "
    "(or AWS_REGION), or a region in your AWS profile"
)


@dataclass(frozen=True, slots=True)
class Settings:
    """How to reach AWS. All times in seconds.

    Attributes:
        region: for what does not tell its own, as an emulator's queue URL; None for boto3's settings.
        endpoint_url: None for AWS_ENDPOINT_URL and what else boto3 looks at.
        profile: name of a profile in AWS's own files; None for boto3's choice.
        threads: how many threads may call at once; each needs a connection, or it opens one per call.
        attempts: boto3's tries of one call, the first included, in its `standard` mode; one by the fast
            path is not counted.
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
    threads: int = 16
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
            max_pool_connections=self.threads,
            connect_timeout=min(self.connect_timeout, timeout),
            read_timeout=timeout,
            retries={"mode": "standard", "total_max_attempts": attempts},
            tcp_keepalive=True,
            parameter_validation=self.validate,
            user_agent=_user_agent(),
        )


class AwsTransport:
    """Queues and topics of AWS, or of what answers at AWS_ENDPOINT_URL. Safe to share between threads.

    Clients are made when first needed, one per region and purpose, and made anew in a forked child.
    """

    def __init__(self, settings: Settings | None = None, observers: Observers | None = None) -> None:
        """`observers` are told of each call that publishes to or uses a queue, as `Called`."""
        self._observers = observers or Observers()
        self._clients = Clients(settings or Settings())
        self._urls: dict[str, str] = {}

    @property
    def features(self) -> Features:
        return Features()

    def publisher(self) -> SnsPublisher:
        return SnsPublisher(self._publish)

    def queue(self, url: str) -> SqsQueue:
        """Raises ConfigurationError for what is no URL of a queue."""
        if not (_QUEUE_URL.fullmatch(url) and host_of(url)):
            raise ConfigurationError(
                f"{url!r} is no queue URL: one reads https://sqs.<region>.amazonaws.com/<account>/<name>"
            )
        return SqsQueue(url, partial(self._sqs, region_of_url(url)))

    def queue_url(self, arn: str) -> str:
        if arn not in self._urls:
            self._urls[arn] = find_queue(partial(self._sqs, region_of_arn(arn)), arn)
        return self._urls[arn]

    def client(self, service: str, region: str | None = None) -> Any:
        """boto3's client of `sns` or `sqs`, such as provisioning takes. Raises ConfigurationError."""
        return self._clients.client(service, region)

    def _publish(self, action: str, params: dict[str, Any], failure: type[TransportError]) -> dict[str, Any]:
        return self._call("sns", region_of_arn(params["TopicArn"]), action, params, failure)

    def _sqs(
        self, region: str | None, action: str, params: dict[str, Any], failure: type[TransportError]
    ) -> dict[str, Any]:
        return self._call("sqs", region, action, params, failure)

    def _call(
        self,
        service: str,
        region: str | None,
        action: str,
        params: dict[str, Any],
        failure: type[TransportError],
    ) -> dict[str, Any]:
        settings = self._clients.settings
        wait = max(settings.wait, params.get("WaitTimeSeconds", 0))
        timeout = answer_within(action, settings.read_timeout, wait, settings.lease)
        client, fast_path = self._clients.made(service, region, timeout)

        def call() -> dict[str, Any]:
            answer = fast_path.call(action, params) if fast_path else None
            return _carry_out(client, action, params, failure) if answer is None else answer

        return observed(self._observers, service, action, call) if self._observers.wants(Called) else call()


@dataclass(eq=False)
class Clients:
    """boto3's clients, made under a lock from a session of our own; a session is not for several threads."""

    settings: Settings
    _session: boto3.Session | None = None
    _made: dict[tuple[str, str | None, float], tuple[Any, FastPath | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _of_this_process.add(self)

    def client(self, service: str, region: str | None) -> Any:
        """The client for this service and region (None: the settings'). Raises ConfigurationError."""
        return self.made(service, region, self.settings.read_timeout)[0]

    def made(self, service: str, region: str | None, timeout: float) -> tuple[Any, FastPath | None]:
        """That for calls of this time-out, with its fast path, if it has one. Raises ConfigurationError."""
        key = (service, region, timeout)
        made = self._made.get(key)
        if made is None:
            with forks.first_use():
                made = self._made.get(key) or self._make(service, region, timeout)
                self._made[key] = made
        return made

    def forget(self) -> None:
        """Start anew after a fork: sockets belong to the parent."""
        self._session, self._made = None, {}

    def _make(self, service: str, region: str | None, timeout: float) -> tuple[Any, FastPath | None]:
        settings = self.settings
        try:
            self._session = self._session or boto3.Session(profile_name=settings.profile)
            credentials = self._session.get_credentials()
            if credentials is None:
                raise ConfigurationError(_NO_CREDENTIALS)
            region = region or settings.region or self._session.region_name or os.environ.get("AWS_REGION")
            if region is None:
                raise ConfigurationError(_NO_REGION)
            make: Callable[..., Any] = self._session.client
            client = make(
                service,
                region_name=region,
                endpoint_url=settings.endpoint_url,
                config=settings.config(timeout),
            )
        except (BotoCoreError, ValueError) as error:
            raise ConfigurationError(f"cannot speak to {service.upper()} in {region}: {error}") from error
        dialect = DIALECTS.get(service) if settings.fast_path else None
        return client, FastPath(client, credentials, dialect) if dialect else None


_of_this_process: WeakSet[Clients] = WeakSet()


def _forget_all() -> None:
    for clients in _of_this_process:
        clients.forget()


os.register_at_fork(after_in_child=_forget_all)


def _carry_out(
    client: Any, action: str, params: dict[str, Any], failure: type[TransportError]
) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = getattr(client, xform_name(action))(**params)
    except ClientError as error:
        code = error.response["Error"].get("Code", "")
        raise failure(f"{action} on {_address(params)} failed: {error}", code=code) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise ConfigurationError(_NO_CREDENTIALS) from error
    except (BotoCoreError, ResponseParserError) as error:
        text = f"{action} on {_address(params)} failed: {error}"
        raise failure(text, code=type(error).__name__) from error
    return answer


def _address(params: dict[str, Any]) -> str:
    names = ("QueueUrl", "TopicArn", "QueueName", "SourceArn", "TaskHandle")
    return next(str(params[name]) for name in names if name in params)


def _user_agent() -> str:
    """Short, since botocore rebuilds its own long one for each request, and still naming boto3 and us."""
    try:
        ours = f"pubsub-tasks/{version('pubsub-tasks')}"
    except PackageNotFoundError:
        ours = "pubsub-tasks"
    return f"Boto3/{boto3.__version__} {ours}"
