"""Plain text, such as a message that a person publishes in the console of SNS."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from ..messages.foreign_body import PLAIN_TEXT, ForeignBody, ForeignSchema


class PlainText(ForeignSchema):
    """A body that is neither a JSON object nor a JSON array.

    Fields: `text`, and `subject`, of the SNS notification or empty.
    """

    MEDIA_TYPE = PLAIN_TEXT
    IS_GENERIC = True

    text = fields.String(required=True)
    subject = fields.String(load_default="")

    @classmethod
    def recognize(cls, body: ForeignBody) -> Mapping[str, Any] | None:
        """Recognize anything but a JSON object or array, and text that begins like one."""
        if isinstance(body.document, dict | list) or body.text.lstrip()[:1] in ("{", "["):
            return None
        return body.as_text()
