"""Pointers: large bodies that are parked elsewhere, in the form of Amazon's Extended Client Libraries.

The body is then a JSON array of a class name and where the text is, and an attribute tells its size. Knows
the form, and no S3.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import EnvelopeError
from .records import Attribute

POINTER_CLASS = "software.amazon.payloadoffloading.PayloadS3Pointer"
"""What is written; on reading any class name will do, since older libraries wrote another."""

KEY_PREFIX = "pubsub-tasks/"
"""How the keys of what is parked begin, so that a bucket's lifecycle rule may be for these alone."""

SIZE_ATTRIBUTE = "ExtendedPayloadSize"
"""Name of the attribute: bytes of the parked text. The libraries look for it before they read the body."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where a large body is parked: an S3 bucket and key."""

    bucket: str
    key: str

    def body(self) -> str:
        """What is sent in its place."""
        return json.dumps([POINTER_CLASS, {"s3BucketName": self.bucket, "s3Key": self.key}])


class ClaimStore(Protocol):
    """Keeps large bodies. Safe to share between threads."""

    @property
    def bucket(self) -> str | None:
        """Where to park, or None: then nothing is parked."""
        ...

    def park(self, pointer: Pointer, body: str) -> None:
        """Keep this text there. Raises PublishFailed."""
        ...

    def fetch(self, pointer: Pointer, limit: int) -> str:
        """The text.

        Raises ClaimMissing, and EnvelopeError if it may not be fetched from that bucket or has more than
        `limit` bytes.
        """
        ...


class BodyInS3(EnvelopeError):
    """The body is elsewhere, at `pointer`."""

    def __init__(self, pointer: Pointer) -> None:
        super().__init__(
            f"the body is parked in S3, bucket {pointer.bucket!r:.80}, key {pointer.key!r:.256}, "
            "and no bucket is configured here: name it in pubsub_claims"
        )
        self.pointer = pointer


def raise_if_pointer(document: Any) -> None:
    """Raise BodyInS3 where a body's JSON is a pointer."""
    match document:
        case [str(), {"s3BucketName": str(bucket), "s3Key": str(key)}]:
            raise BodyInS3(Pointer(bucket, key))


def size_attribute(body: str) -> Mapping[str, Attribute]:
    """The attribute that tells the size of a parked text."""
    return {SIZE_ATTRIBUTE: Attribute("Number", str(len(body.encode())))}
