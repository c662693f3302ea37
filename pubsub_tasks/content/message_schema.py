"""The base class of message schemas."""

from collections.abc import Sequence
from typing import Any, ClassVar

from marshmallow import Schema

from ..wire.compression import MAX_EXPANDED


class PubSubMessageSchema(Schema):
    """Base class of schemas. Declare marshmallow fields, and `MEDIA_TYPE` or `deserialize_media_type`."""

    MEDIA_TYPE: ClassVar[str]

    ATTRIBUTES: ClassVar[Sequence[str]] = ()
    """Names of fields that are also sent as message attributes, for filter policies."""

    CONTENT_TYPE: ClassVar[str] = "json"
    """How content is serialized: `json`, `msgpack`, `yaml` or another of kombu's serializers; not pickle."""

    COMPRESSION: ClassVar[str | None] = None
    """How a message over `COMPRESS_OVER` is compressed: `gzip`, `bzip2`, `lzma`, `zstd` or None."""

    COMPRESS_OVER: ClassVar[int] = 8192
    """Bytes of a message over which it is compressed."""

    MAX_BODY_SIZE: ClassVar[int] = MAX_EXPANDED
    """Bytes that a message's body may have before it is compressed or goes to S3: at least 16 MiB."""

    def deserialize_media_type(self, obj: Any) -> str:
        """The media type. `obj` is None; the parameter is microcosm-pubsub's."""
        return self.MEDIA_TYPE
