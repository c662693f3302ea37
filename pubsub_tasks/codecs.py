"""Public import path of `PubSubMessageSchema` and `Codec`."""

from .content.codec import Codec, PubSubMessageSchema

__all__ = ["Codec", "PubSubMessageSchema"]
