"""How content and headers become the body of a message."""

from collections.abc import Mapping
from typing import Any, Protocol

from ..wire.records import MEDIA_TYPE, OPAQUE_DATA, Attribute
from ..wire.serialization import Serializer


class BodyFormat(Protocol):
    """Writes bodies.

    Attributes:
        is_packable: whether a large body may be compressed, or stored elsewhere with a pointer in its place.
    """

    @property
    def is_packable(self) -> bool: ...

    def write(
        self, media_type: str, content: Mapping[str, Any], headers: Mapping[str, str], serializer: Serializer
    ) -> tuple[str, dict[str, Attribute]]:
        """Return the body of dumped content, and the attributes that describe its encoding.

        Raises what the serializer raises.
        """
        ...


class FlatBody:
    """microcosm-pubsub's format: one flat object of `mediaType`, `opaqueData` and the schema's fields."""

    is_packable = True

    def write(
        self, media_type: str, content: Mapping[str, Any], headers: Mapping[str, str], serializer: Serializer
    ) -> tuple[str, dict[str, Attribute]]:
        """See `BodyFormat.write`."""
        envelope = {MEDIA_TYPE: media_type, OPAQUE_DATA: dict(headers)}
        return serializer.write({**envelope, **content, **envelope})


FLAT_BODY = FlatBody()
"""The default format."""
