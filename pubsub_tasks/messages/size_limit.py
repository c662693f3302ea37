"""Makes a message fit the size limit of its topic: compressed, or stored in S3 with a pointer as its body.

Compression comes first, because any worker can read it without further configuration. A body that is still
too large is stored uncompressed, so that Amazon's own libraries can read it.
"""

from typing import NamedTuple

from ..content.codec import Codec
from ..errors import MessageTooLarge, TooManyAttributes
from ..wire.attributes import with_room_for_trace
from ..wire.compression import CONTENT_ENCODING, GZIP, compress
from ..wire.records import MAX_ATTRIBUTES, Outgoing
from ..wire.s3_pointer import Pointer, size_attribute

MAX_SIZE = 262_144
"""Bytes of a message that a topic accepts by default. Source: SNS API reference, Publish."""


class ClaimedBody(NamedTuple):
    """A body to store before its message is sent, and where."""

    pointer: Pointer
    body: str


def fit(
    codec: Codec, sealed: Outgoing, limit: int, pointer: Pointer | None
) -> tuple[Outgoing, int, ClaimedBody | None]:
    """Return the message to send, its size, up to `limit` bytes, and the body to store at `pointer`, if any.

    Raises MessageTooLarge, and TooManyAttributes if there is no attribute left to mark it as compressed or
    stored. With `pointer` None nothing is stored.
    """
    size = sealed.size
    if size > codec.max_body_size:  # no worker would read it
        raise MessageTooLarge(codec.media_type, size, codec.max_body_size)
    if codec.compression is not None and size > codec.compress_over:
        sealed = _with_checked_attributes(codec, _smaller(sealed, codec.compression))
        size = sealed.size
    if size <= limit:
        return sealed, size, None
    if not codec.body_format.is_packable:
        raise MessageTooLarge(codec.media_type, size, limit)
    compressed = _smaller(sealed, GZIP)
    if compressed.size <= limit:
        compressed = _with_checked_attributes(codec, compressed)
        return compressed, compressed.size, None
    if pointer is None:
        raise MessageTooLarge(codec.media_type, size, limit)
    attributes = {**sealed.attributes, **size_attribute(sealed.body)}
    stored = _with_checked_attributes(codec, sealed._replace(body=pointer.body(), attributes=attributes))
    size = stored.size
    if size > limit:  # its attributes alone are too large
        raise MessageTooLarge(codec.media_type, size, limit)
    return stored, size, ClaimedBody(pointer, sealed.body)


def _smaller(outgoing: Outgoing, compression: str) -> Outgoing:
    body, attributes = compress(outgoing.body, outgoing.attributes, compression)
    compressed = outgoing._replace(body=body, attributes=attributes)
    return compressed if compressed.size < outgoing.size else outgoing


def _with_checked_attributes(codec: Codec, outgoing: Outgoing) -> Outgoing:
    if len(outgoing.attributes) >= MAX_ATTRIBUTES:
        outgoing = outgoing._replace(attributes=with_room_for_trace(outgoing.attributes))
    if len(outgoing.attributes) > MAX_ATTRIBUTES:
        state = "compressed" if CONTENT_ENCODING in outgoing.attributes else "stored in S3"
        raise TooManyAttributes(
            f"message of {codec.media_type} has {len(outgoing.attributes)} attributes, one of which says "
            f"that it is {state}, and raw delivery discards messages with more than {MAX_ATTRIBUTES}: "
            "use headers instead"
        )
    return outgoing
