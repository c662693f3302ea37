"""A message to publish, and the names of the headers that the library uses."""

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
"""Hop limit of a message that no other message led to. Source: microcosm-pubsub's `x-request-ttl`."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message.

    Attributes:
        media_type: names the schema of the content.
        content: a mapping by field name, or an object that the schema's `post_load` makes.
        headers: str to str.
        id: stays the same across fan-out and redelivery.
        published_at: epoch seconds.
    """

    media_type: str
    content: Any
    headers: Mapping[str, str]
    id: str
    published_at: float
