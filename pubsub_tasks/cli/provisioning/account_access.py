"""The account that `plan` and `apply` work in. Tests replace it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import click

from ...provisioning.reading.aws_api import Api
from ...provisioning.reading.boto_api import boto_api, known_regions
from ...provisioning.reading.locate import locate
from ...provisioning.resources import Place
from ...transports.aws.transport import AwsTransport, ClientSettings

ATTEMPTS = 10
"""Tries of a call that is throttled, with boto3's growing pauses: many resources mean many calls."""


def connect(region: str | None, profile: str | None) -> tuple[Api, Place]:
    """Connect to AWS, or to the service at AWS_ENDPOINT_URL. Raises ConfigurationError, TransportError."""
    transport = AwsTransport(
        ClientSettings(
            region=region, profile=profile, attempts=ATTEMPTS, max_pool_connections=32, validate=True
        )
    )
    sqs = transport.client("sqs")
    api = boto_api(transport.client, sqs.meta.region_name)
    return api, locate(api, sqs, known_regions())


@dataclass(frozen=True, slots=True)
class AccountAccess:
    """What the commands take from outside.

    Attributes:
        connect: returns the API and the place for a region and profile; None for boto3's own.
        can_prompt: whether standard input is a terminal.
    """

    connect: Callable[[str | None, str | None], tuple[Api, Place]] = connect
    can_prompt: Callable[[], bool] = lambda: sys.stdin.isatty()


pass_account = click.make_pass_decorator(AccountAccess, ensure=True)
