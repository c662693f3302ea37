"""Schema fields that stand for the media type and headers, which the body always has."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from marshmallow import Schema

from ..wire.records import MEDIA_TYPE, OPAQUE_DATA
from .unknown_fields import content_name

_STAND_FOR = {
    MEDIA_TYPE: MEDIA_TYPE,
    "media_type": MEDIA_TYPE,
    OPAQUE_DATA: OPAQUE_DATA,
    "opaque_data": OPAQUE_DATA,
}
"""Names under which schemas for microcosm-pubsub declare these fields."""


class _Field(NamedTuple):
    content_name: str
    wire_name: str
    stands_for: str


class ReservedFields:
    """The fields of a schema that stand for the media type and headers.

    Attributes:
        content_names: their names in content; empty if there are none.
    """

    def __init__(self, schema: Schema) -> None:
        names = [
            _Field(content_name(name, field), field.data_key or name, _STAND_FOR[key])
            for name, field in schema.fields.items()
            if (key := next((each for each in (field.data_key or name, name) if each in _STAND_FOR), None))
        ]
        self._fields = tuple(names)
        self.content_names = frozenset(each.content_name for each in names)

    def content(self, envelope: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values by the fields' names in content."""
        return {each.content_name: envelope[each.stands_for] for each in self._fields}

    def written(self, envelope: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values by the fields' names in a body; those that the envelope lacks are left out."""
        return {
            each.wire_name: envelope[each.stands_for] for each in self._fields if each.stands_for in envelope
        }
