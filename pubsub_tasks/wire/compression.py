"""Compress bodies into text that SQS accepts, and decompress them up to a size limit.

The attribute `content_encoding` lists the encodings in the order they were applied, such as `gzip,base64`, as
HTTP's Content-Encoding does. Compressors other than gzip and zstd are kombu's, imported on first use.
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

_LZMA_MEMORY = 134_217_728
"""Bytes. A body may ask for 4 GiB, and the largest preset of `xz` asks for 65 MiB."""

_MAX_ENCODINGS = 4
_ZSTD_MODULES = ("compression.zstd", "backports.zstd")
_NOT_ENCODED = (["utf-8"], ["identity"])


class BodyLimit:
    """The bytes that a decompressed or fetched body may have (`most`), and what the last one had (`used`)."""

    __slots__ = ("most", "used")

    def __init__(self, most: int = MAX_EXPANDED) -> None:
        self.most = most
        self.used = 0


class BodyTooLarge(DecodeError):
    """The decompressed body is larger than `limit` bytes."""

    def __init__(self, compression: str, limit: int) -> None:
        super().__init__(f"the body's {compression} data expands beyond {limit:,} bytes")
        self.limit = limit


class _Decompressor(Protocol):
    """The interface of the standard library's decompressor objects."""

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


_DECOMPRESSORS: Mapping[str, Callable[[], _Decompressor]] = {
    GZIP: lambda: zlib.decompressobj(wbits=zlib.MAX_WBITS | 32),  # gzip and zlib headers
    "bzip2": bz2.BZ2Decompressor,
    "lzma": lambda: lzma.LZMADecompressor(memlimit=_LZMA_MEMORY),
    "zstd": lambda: _zstd().ZstdDecompressor(),
}


def compressor(compression: str) -> Callable[[bytes], bytes]:
    """Return the function that compresses with this method: gzip, bzip2, lzma or zstd.

    Raises ConfigurationError for an unknown method, and MissingExtra if zstd is not installed.
    """
    if compression == GZIP:
        return _gzip
    if compression not in _DECOMPRESSORS:
        raise ConfigurationError(
            f"no such compression: {compression!r}; there are {', '.join(_DECOMPRESSORS)}"
        )
    encoder: Callable[[bytes], bytes]
    if compression == "zstd":  # kombu before 5.6 uses another zstd package
        encoder = _zstd().compress
    else:
        with forks.blocked():
            encoder, _ = importlib.import_module("kombu.compression").get_encoder(compression)
    return encoder


def compress(
    body: str, attributes: Mapping[str, Attribute], compression: str
) -> tuple[str, dict[str, Attribute]]:
    """Return the compressed body, in base64, and its attributes. Raises what `compressor` raises."""
    data = compressor(compression)(body.encode())
    encodings = ",".join([*_encodings(attributes), compression, BASE64])
    return b64encode(data).decode(), {**attributes, CONTENT_ENCODING: text(encodings)}


def decompress(body: str, attributes: Mapping[str, Attribute], limit: BodyLimit | None = None) -> str | bytes:
    """Return the body without the encodings that its attributes name.

    Records the size in `limit`. Raises DecodeError if the body cannot be decoded, BodyTooLarge if it expands
    beyond `limit`, and MemoryError.
    """
    encodings = _encodings(attributes)
    if not encodings:
        return body
    if len(encodings) > _MAX_ENCODINGS:
        raise DecodeError(
            f"the body has {len(encodings)} content encodings, and at most {_MAX_ENCODINGS} are decoded"
        )
    data = body.encode("utf-8", "surrogatepass")
    limit = limit or BodyLimit()
    for encoding in reversed(encodings):
        data = _decode(data, encoding, limit.most)
    limit.used = max(limit.used, len(data))
    return data


def _gzip(data: bytes) -> bytes:
    # kombu's "gzip" writes a zlib header, which gzip readers in other languages reject.
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    return packer.compress(data) + packer.flush()


def _encodings(attributes: Mapping[str, Attribute]) -> list[str]:
    attribute = attributes.get(CONTENT_ENCODING)
    value = attribute.value if attribute and isinstance(attribute.value, str) else ""
    encodings = [encoding for encoding in re.split(r"[,\s]+", value.lower()) if encoding]
    return [] if encodings in _NOT_ENCODED else encodings


def _decode(data: bytes, encoding: str, most: int) -> bytes:
    if encoding != BASE64 and encoding not in _DECOMPRESSORS:
        known = ", ".join([*_DECOMPRESSORS, BASE64])
        raise DecodeError(f"content encoding {encoding!r:.80} cannot be read; there are {known}")
    try:
        return b64decode(data, validate=True) if encoding == BASE64 else _expand(data, encoding, most)
    except (DecodeError, MemoryError):  # short of memory: not the body's fault
        raise
    except Exception as error:  # each decompressor raises its own class
        raise DecodeError(f"the body is not valid {encoding}: {error}") from error


def _expand(data: bytes, compression: str, most: int) -> bytes:
    decompressor = _DECOMPRESSORS[compression]()
    expanded = decompressor.decompress(data, most)
    if decompressor.eof:
        return expanded
    if len(expanded) >= most:
        raise BodyTooLarge(compression, most)
    raise DecodeError(f"the body's {compression} data is truncated")


def _zstd() -> Any:
    for name in _ZSTD_MODULES:
        try:
            with forks.blocked():
                return importlib.import_module(name)
        except ImportError:
            continue
    raise MissingExtra("zstd compression", "zstd")
