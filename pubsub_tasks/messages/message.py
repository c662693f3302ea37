"""Message: what is said. Frozen; knows nothing of queues, topics or receipts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

REQUEST_ID = "x-request-id"
REQUEST_USER = "x-request-user"
PUBLISHED = "x-request-published"
HOPS = "x-request-ttl"
MESSAGE_ID = "x-message-id"
NOT_BEFORE = "x-not-before"
EXPIRES = "x-expires"

INITIAL_HOPS = 32
"""How many times a message may lead to another. Source: microcosm-pubsub's `x-request-ttl`."""


@dataclass(frozen=True, slots=True)
class Message:
    """Media type, content, headers (str to str) and an id that stays across fan-out and redelivery.

    `published_at` is epoch seconds.
    """

    media_type: str
    content: Any
    headers: Mapping[str, str]
    id: str
    published_at: float
