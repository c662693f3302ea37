"""What schemas are made of: `PubSubMessageSchema`, and the codec that reads and writes its content."""

from .content.codec import Codec, PubSubMessageSchema

__all__ = ["Codec", "PubSubMessageSchema"]
