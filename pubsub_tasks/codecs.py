"""Public import path of `PubSubMessageSchema` and `Codec`."""

from .content.codec import Codec
from .content.message_schema import PubSubMessageSchema

__all__ = ["Codec", "PubSubMessageSchema"]
