"""Fitting: a message made to fit its topic: compressed, or parked with a pointer in its place. Pure.

What is too heavy is compressed if that suffices, which any consumer of ours reads without more; else it is
parked as it was, so that Amazon's own libraries read it.
"""

from dataclasses import dataclass, replace

from ..content.codec import Codec
from ..errors import MessageTooLarge, TooManyAttributes
from ..wire.compression import CONTENT_ENCODING, GZIP, compress
from ..wire.records import MAX_ATTRIBUTES, Outgoing
from ..wire.s3_pointer import Pointer, size_attribute


@dataclass(frozen=True, slots=True)
class ClaimedBody:
    """A body to be parked before its message is sent."""

    pointer: Pointer
    body: str


def fit(
    codec: Codec, sealed: Outgoing, limit: int, pointer: Pointer | None
) -> tuple[Outgoing, ClaimedBody | None]:
    """The message as it is to be sent, of up to `limit` bytes; what is too large may be parked at `pointer`.

    Raises MessageTooLarge, and TooManyAttributes where there is no room to tell what was done.
    """
    size = sealed.size
    if size > codec.max_body_size:  # no worker would open it
        raise MessageTooLarge(codec.media_type, size, codec.max_body_size)
    if codec.compression is not None and size > codec.compress_over:
        sealed = _smaller(sealed, codec.compression)
        size = sealed.size
    if size <= limit:
        return _told(codec, sealed), None
    packed = _smaller(sealed, GZIP)
    if packed.size <= limit:
        return _told(codec, packed), None
    if pointer is None:
        raise MessageTooLarge(codec.media_type, size, limit)
    attributes = {**sealed.attributes, **size_attribute(sealed.body)}
    parked = _told(codec, replace(sealed, body=pointer.body(), attributes=attributes))
    if parked.size > limit:  # its attributes alone are too much
        raise MessageTooLarge(codec.media_type, parked.size, limit)
    return parked, ClaimedBody(pointer, sealed.body)


def _smaller(outgoing: Outgoing, compression: str) -> Outgoing:
    body, attributes = compress(outgoing.body, outgoing.attributes, compression)
    packed = replace(outgoing, body=body, attributes=attributes)
    return packed if packed.size < outgoing.size else outgoing


def _told(codec: Codec, outgoing: Outgoing) -> Outgoing:
    if len(outgoing.attributes) > MAX_ATTRIBUTES:
        raise TooManyAttributes(
            f"message of {codec.media_type} has {len(outgoing.attributes)} attributes, one of them to tell "
            f"that it is {'compressed' if CONTENT_ENCODING in outgoing.attributes else 'parked'}, and raw "
            f"delivery discards what has more than {MAX_ATTRIBUTES}: use headers instead"
        )
    return outgoing
