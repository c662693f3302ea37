"""Compression: bodies made smaller, as text that SQS takes, and read again within bounds. Knows no schema.

One attribute tells of it, `content_encoding`: what was done to the text in that order, as `gzip,base64`.
Compressions other than gzip and zstd are kombu's, loaded when first needed.
"""

import bz2
import importlib
import lzma
import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ..errors import ConfigurationError, DecodeError, MissingExtra
from ..lifecycle import forks
from .records import Attribute, text

CONTENT_ENCODING = "content_encoding"

BASE64 = "base64"
GZIP = "gzip"

MAX_EXPANDED = 16_777_216
"""Bytes that a decompressed or fetched body may have by default: 16 times the largest SQS message."""

_MAX_STEPS = 4
_ZSTD = ("compression.zstd", "backports.zstd")
_UNCHANGED = (["utf-8"], ["identity"])


class BodyLimit:
    """The bytes that a decompressed or fetched body may have (`most`), and what the last one had (`used`)."""

    __slots__ = ("most", "used")

    def __init__(self, most: int = MAX_EXPANDED) -> None:
        self.most = most
        self.used = 0


class BodyTooLarge(DecodeError):
    """The decompressed body is larger than `limit` bytes."""

    def __init__(self, compression: str, limit: int) -> None:
        super().__init__(f"the body's {compression} grows beyond {limit:,} bytes")
        self.limit = limit


class _Expander(Protocol):
    """A decompressor of the standard library's kind."""

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


_EXPANDERS: Mapping[str, Callable[[], _Expander]] = {
    GZIP: lambda: zlib.decompressobj(wbits=zlib.MAX_WBITS | 32),  # gzip's form, and zlib's too
    "bzip2": bz2.BZ2Decompressor,
    "lzma": lzma.LZMADecompressor,
    "zstd": lambda: _zstd().ZstdDecompressor(),
}


def compressor(compression: str) -> Callable[[bytes], bytes]:
    """What compresses so. Raises ConfigurationError for a compression that there is not, MissingExtra."""
    if compression == GZIP:
        return _gzip
    if compression not in _EXPANDERS:
        raise ConfigurationError(f"no such compression: {compression!r}; there are {', '.join(_EXPANDERS)}")
    encoder: Callable[[bytes], bytes]
    if compression == "zstd":  # kombu took it from another package before 5.6
        encoder = _zstd().compress
    else:
        with forks.blocked():
            encoder, _ = importlib.import_module("kombu.compression").get_encoder(compression)
    return encoder


def compress(
    body: str, attributes: Mapping[str, Attribute], compression: str
) -> tuple[str, dict[str, Attribute]]:
    """The body and its attributes when compressed. Raises as `compressor` does."""
    data = compressor(compression)(body.encode())
    steps = ",".join([*_steps(attributes), compression, BASE64])
    return b64encode(data).decode(), {**attributes, CONTENT_ENCODING: text(steps)}


def decompress(body: str, attributes: Mapping[str, Attribute], limit: BodyLimit | None = None) -> str | bytes:
    """The body without the encodings that its attributes name.

    Records the size in `limit`. Raises DecodeError, and BodyTooLarge for a body beyond `limit`.
    """
    steps = _steps(attributes)
    if not steps:
        return body
    if len(steps) > _MAX_STEPS:
        raise DecodeError(f"a body that was encoded {len(steps)} times over is not read")
    data = body.encode("utf-8", "surrogatepass")
    limit = limit or BodyLimit()
    for step in reversed(steps):
        data = _undone(data, step, limit.most)
    limit.used = max(limit.used, len(data))
    return data


def _gzip(data: bytes) -> bytes:
    # What kombu calls gzip is zlib's form, which a reader in another language would not take for gzip.
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    return packer.compress(data) + packer.flush()


def _steps(attributes: Mapping[str, Attribute]) -> list[str]:
    attribute = attributes.get(CONTENT_ENCODING)
    told = attribute.value if attribute and isinstance(attribute.value, str) else ""
    steps = [step for step in re.split(r"[,\s]+", told.lower()) if step]
    return [] if steps in _UNCHANGED else steps


def _undone(data: bytes, step: str, most: int) -> bytes:
    if step != BASE64 and step not in _EXPANDERS:
        known = ", ".join([*_EXPANDERS, BASE64])
        raise DecodeError(f"content encoding {step!r:.80} cannot be read; there are {known}")
    try:
        return b64decode(data, validate=True) if step == BASE64 else _expand(data, step, most)
    except DecodeError:
        raise
    except Exception as error:  # each decompressor has errors of its own
        raise DecodeError(f"the body is no {step}: {error}") from error


def _expand(data: bytes, step: str, most: int) -> bytes:
    expander = _EXPANDERS[step]()
    found = expander.decompress(data, most)
    if expander.eof:
        return found
    if len(found) >= most:
        raise BodyTooLarge(step, most)
    raise DecodeError(f"the body's {step} ends too soon")


def _zstd() -> Any:
    for name in _ZSTD:
        try:
            with forks.blocked():
                return importlib.import_module(name)
        except ImportError:
            continue
    raise MissingExtra("zstd compression", "zstd")
