"""What a dlq command runs with: a transport, clocks, and whether it can prompt. Tests replace each."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import click

from ...transports.aws.transport import AwsTransport
from ...transports.protocols import Transport


@dataclass(frozen=True)
class CommandEnvironment:
    """What a dlq command takes from outside.

    Attributes:
        transport: makes the queues.
        clock: epoch seconds.
        monotonic: seconds of a clock that never goes back, for `--rate`.
        can_prompt: whether standard input is a terminal.
    """

    transport: Transport = field(default_factory=AwsTransport)
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    can_prompt: Callable[[], bool] = lambda: sys.stdin.isatty()


pass_environment = click.make_pass_decorator(CommandEnvironment, ensure=True)
