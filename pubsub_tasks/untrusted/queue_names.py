"""Queue names: what SQS accepts as the name of a queue."""

import re

from ..errors import ConfigurationError

MAX_QUEUE_NAME = 80
"""Characters, `.fifo` included. Source: SQS API reference, CreateQueue."""

FIFO = ".fifo"
"""How the name of a FIFO queue or topic ends. Source: SQS API reference, CreateQueue."""

_LEGAL = re.compile(r"[A-Za-z0-9_-]+")


def is_queue_name(name: str) -> bool:
    """Whether SQS accepts it: 1 to 80 ASCII letters, digits, hyphens and underscores, `.fifo` last or not."""
    return len(name) <= MAX_QUEUE_NAME and _LEGAL.fullmatch(name.removesuffix(FIFO)) is not None


def check_queue_name(name: object) -> None:
    """Raise ConfigurationError for a `queue=` that cannot name a queue."""
    if not isinstance(name, str) or not is_queue_name(name):
        raise ConfigurationError(
            f"queue={name!r} cannot name a queue: give 1 to {MAX_QUEUE_NAME} ASCII letters, digits, hyphens "
            "and underscores, with .fifo at the end for a FIFO queue"
        )
