"""Reads content that a person or another program wrote: JSON types under the schema's names on the wire."""

import json
from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, ValidationError

from ..errors import DecodeError, InvalidContent
from ..untrusted.exceptions import error_class, error_text
from ..wire.records import MEDIA_TYPE, OPAQUE_DATA
from .codec import Codec
from .reserved_fields import ReservedFields
from .unknown_fields import declared_unknown


def json_object(text: str | bytes) -> Mapping[str, Any]:
    """The JSON object that is the whole text. Raises DecodeError."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise DecodeError(f"content is a JSON object, and this is of type {type(document).__name__}")
    return document


class ContentReader:
    """Turns JSON into content to publish. Safe to share between threads."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self._reserved = ReservedFields(codec.schema)
        self._envelope = self._reserved.written({MEDIA_TYPE: codec.media_type, OPAQUE_DATA: {}})
        self._unknown = declared_unknown(codec.schema) or RAISE

    def read(self, fields: Mapping[str, Any]) -> Any:
        """Return content as `Task.publish` takes it: a mapping, or what the schema's `post_load` makes.

        Unlike a received message, it may not have names that the schema does not declare, at any level.
        Raises InvalidContent.
        """
        media_type = self.codec.media_type
        try:
            content = self.codec.schema.load({**self._envelope, **fields}, unknown=self._unknown)
        except ValidationError as error:
            raise InvalidContent(media_type, error.messages_dict) from error
        except RecursionError as error:
            raise InvalidContent(media_type, {"_schema": ["Nested too deeply."]}) from error
        except Exception as error:  # hooks and validators of the application may raise anything
            problem = f"{error_class(error)}: {error_text(error)}"
            raise InvalidContent(media_type, {"_schema": [problem]}) from error
        if not isinstance(content, Mapping):
            return content
        # The producer fills these in, with the headers of the message.
        return {name: value for name, value in content.items() if name not in self._reserved.content_names}
