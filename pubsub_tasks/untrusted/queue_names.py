"""Validate queue names by the rules of SQS."""

import re

from ..errors import ConfigurationError

MAX_QUEUE_NAME = 80
"""Characters, including `.fifo`. Source: SQS API reference, CreateQueue."""

FIFO = ".fifo"
"""Suffix of the name of a FIFO queue or topic. Source: SQS API reference, CreateQueue."""

_LEGAL = re.compile(r"[A-Za-z0-9_-]+")


def is_queue_name(name: str) -> bool:
    """Whether SQS accepts the name: 1 to 80 ASCII letters, digits, hyphens and underscores.

    A trailing `.fifo` is allowed and counts towards the 80.
    """
    return len(name) <= MAX_QUEUE_NAME and _LEGAL.fullmatch(name.removesuffix(FIFO)) is not None


def check_queue_name(name: object) -> None:
    """Raise ConfigurationError if the value of `queue=` is not a valid queue name."""
    if not isinstance(name, str) or not is_queue_name(name):
        raise ConfigurationError(
            f"queue={name!r} cannot name a queue: give 1 to {MAX_QUEUE_NAME} ASCII letters, digits, hyphens "
            "and underscores, with .fifo at the end for a FIFO queue"
        )
