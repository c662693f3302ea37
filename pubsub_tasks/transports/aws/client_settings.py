"""How a transport reaches AWS, whether by boto3 or without it."""

from typing import NamedTuple

from ...version import VERSION

LONGEST_WAIT = 20
"""Seconds. Source: SQS API reference, ReceiveMessage."""

MAX_POOL_CONNECTIONS = 1_000
"""More than the usual number of threads. Beyond its default of 10, botocore warns and reconnects."""


class ClientSettings(NamedTuple):
    """How to reach AWS. All times in seconds.

    Attributes:
        region: for URLs and ARNs without a region, such as an emulator's queue URL; None for boto3's
            settings.
        endpoint_url: None for AWS_ENDPOINT_URL and boto3's other settings.
        profile: name of a profile in the AWS config files; None for boto3's choice.
        max_pool_connections: maximum number of connections that a client keeps open. Further threads can call
            at the same time, but open a connection for each call.
        attempts: maximum attempts of a call, including the first, in boto3's `standard` mode.
        connect_timeout: for establishing a connection.
        read_timeout: for a response, in addition to the wait of a receive.
        wait: the longest wait of a receive.
        lease: visibility lease of messages in flight, or None; see `timeouts.py`.
        validate: let boto3 validate parameters; off by default, since this package's are typed.
        fast_path: make the hot calls without botocore's request machinery; see `fast_path/`. If False,
            every call goes through botocore.
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

    def connect_timeout_of(self, timeout: float) -> float:
        """Seconds to connect for calls that are aborted after `timeout` seconds without a response."""
        return min(self.connect_timeout, timeout)


USER_AGENT = f"pubsub-tasks/{VERSION}"
"""A short user agent, since botocore rebuilds its own long one for each request. Its name follows this."""
