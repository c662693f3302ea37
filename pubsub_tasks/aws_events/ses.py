"""Receipts of mail that SES received, as its SNS action and its notifications publish them.

Source: SES developer guide, "Contents of notifications for Amazon SES email receiving".
"""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from ..messages.foreign_body import ForeignBody, ForeignSchema


class SESReceipt(ForeignSchema):
    """A mail that SES received.

    Fields: `mail` and `receipt`, as SES sends them, and `content`, the mail itself or None.
    """

    MEDIA_TYPE = "application/vnd.aws.ses.receipt"

    mail = fields.Dict(required=True)
    receipt = fields.Dict(required=True)
    content = fields.String(load_default=None, allow_none=True)

    @classmethod
    def recognize(cls, body: ForeignBody) -> Mapping[str, Any] | None:
        """Recognize a notification of the type `Received`."""
        members = body.members
        if members.get("notificationType") != "Received" or not {"mail", "receipt"} <= members.keys():
            return None
        return {name: members[name] for name in ("mail", "receipt", "content") if name in members}
