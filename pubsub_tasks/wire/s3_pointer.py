"""Pointers to large bodies in S3, in the format of Amazon's Extended Client Libraries.

The body that is sent is a JSON array of a class name and the bucket and key; an attribute has the size of the
stored body. Nothing here calls S3.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from ..errors import EnvelopeError
from .records import Attribute

POINTER_CLASS = "software.amazon.payloadoffloading.PayloadS3Pointer"
"""The class name that is written. Any class name is read, since older libraries write another."""

KEY_PREFIX = "pubsub-tasks/"
"""Prefix of the keys, so that a lifecycle rule of the bucket can select these objects."""

SIZE_ATTRIBUTE = "ExtendedPayloadSize"
"""Name of the attribute with the size of the stored body in bytes. Amazon's libraries look for it before they
read the body."""


class Pointer(NamedTuple):
    """The S3 bucket and key of a large body."""

    bucket: str
    key: str

    def body(self) -> str:
        """Return the body to send in place of the large one."""
        return json.dumps([POINTER_CLASS, {"s3BucketName": self.bucket, "s3Key": self.key}])


class ClaimStore(Protocol):
    """Stores large bodies (the claim check pattern). Safe to share between threads."""

    @property
    def bucket(self) -> str | None:
        """Bucket to store large bodies in; None to store none."""
        ...

    def store(self, pointer: Pointer, body: str) -> None:
        """Store the body there. Raises PublishFailed."""
        ...

    def fetch(self, pointer: Pointer, limit: int) -> str:
        """Return the stored body.

        Raises ClaimMissing if it cannot be fetched, and EnvelopeError if the bucket is not an allowed one or
        the body has more than `limit` bytes.
        """
        ...


class BodyInS3(EnvelopeError):
    """The body is in S3, at `pointer`."""

    def __init__(self, pointer: Pointer) -> None:
        super().__init__(
            f"the body is in S3, bucket {pointer.bucket!r:.80}, key {pointer.key!r:.256}, "
            "and no bucket is configured here: name it in pubsub_claims"
        )
        self.pointer = pointer


def raise_if_pointer(document: Any) -> None:
    """Raise BodyInS3 if a body's JSON is a pointer."""
    match document:
        case [str(), {"s3BucketName": str(bucket), "s3Key": str(key)}]:
            raise BodyInS3(Pointer(bucket, key))


def size_attribute(body: str) -> Mapping[str, Attribute]:
    """Return the attribute with the size of a stored body."""
    return {SIZE_ATTRIBUTE: Attribute("Number", str(len(body.encode())))}
