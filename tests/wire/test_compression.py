"""Bodies are compressed, decompressed, and refused if they expand too far."""

import bz2
import gzip
import lzma
import zlib
from base64 import b64encode

import pytest
from backports import zstd

from pubsub_tasks.errors import ConfigurationError, DecodeError, MissingExtra
from pubsub_tasks.wire import compression
from pubsub_tasks.wire.compression import (
    MAX_EXPANDED,
    BodyLimit,
    BodyTooLarge,
    compress,
    compressor,
    decompress,
)
from pubsub_tasks.wire.records import text

BODY = '{"note":"' + "é" * 5000 + '"}'


def encoded_with(encodings):
    return {"content_encoding": text(encodings)}


@pytest.mark.parametrize("name", ["gzip", "bzip2", "lzma", "zstd"])
def test_a_compressed_body_is_decompressed(name):
    body, attributes = compress(BODY, {"tier": text("gold")}, name)

    assert len(body) < len(BODY.encode()) / 5
    assert body.isascii()
    assert attributes == {"tier": text("gold"), "content_encoding": text(f"{name},base64")}
    assert decompress(body, attributes) == BODY.encode()


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("gzip", gzip.compress),
        ("gzip", zlib.compress),
        ("bzip2", bz2.compress),
        ("lzma", lzma.compress),
        ("zstd", zstd.compress),
    ],
)
def test_bodies_compressed_by_other_libraries_are_decompressed(name, pack):
    assert decompress(b64encode(pack(b"{}")).decode(), encoded_with(f"{name}, base64")) == b"{}"


def test_gzip_has_a_gzip_header():
    assert gzip.decompress(compressor("gzip")(b"hello")) == b"hello"


def test_two_encodings_are_undone_in_reverse_order():
    once = compress(BODY, {}, "gzip")

    assert decompress(*compress(*once, "lzma")) == BODY.encode()


@pytest.mark.parametrize("encodings", ["utf-8", "identity", ""])
def test_encodings_that_change_nothing_are_ignored(encodings):
    assert decompress("{}", encoded_with(encodings)) == "{}"


@pytest.mark.parametrize("name", ["gzip", "bzip2", "lzma", "zstd"])
def test_a_decompression_bomb_is_refused(name):
    bomb, attributes = compress("x" * (MAX_EXPANDED + 1), {}, name)

    with pytest.raises(BodyTooLarge, match=f"the body's {name} data expands beyond 16,777,216 bytes"):
        decompress(bomb, attributes)


@pytest.mark.parametrize("name", ["gzip", "bzip2", "lzma", "zstd"])
def test_a_limit_is_kept_to_the_byte_and_the_size_is_recorded(name):
    body, attributes = compress("x" * 100_000, {}, name)
    limit = BodyLimit(100_000)

    assert decompress(body, attributes, limit) == b"x" * 100_000
    assert limit.used == 100_000
    with pytest.raises(BodyTooLarge):
        decompress(body, attributes, BodyLimit(99_999))


def test_a_small_body_that_asks_for_gigabytes_of_memory_is_refused():
    # Given a stream whose header names a dictionary of 4 GiB
    header, *rest = [bytes([byte]) for byte in lzma.compress(BODY.encode(), format=lzma.FORMAT_ALONE)]
    greedy = header + b"\xff" * 4 + b"".join(rest[4:])

    with pytest.raises(DecodeError, match="the body is not valid lzma: Memory usage limit exceeded"):
        decompress(b64encode(greedy).decode(), encoded_with("lzma,base64"))


def test_a_lack_of_memory_is_not_held_against_the_body(monkeypatch):
    def short_of_memory():
        raise MemoryError

    monkeypatch.setitem(compression._DECOMPRESSORS, "gzip", short_of_memory)

    with pytest.raises(MemoryError):
        decompress(*compress(BODY, {}, "gzip"))


def test_a_truncated_body_is_refused():
    body, _ = compress(BODY, {}, "gzip")
    half = body[: len(body) // 8 * 4]

    with pytest.raises(DecodeError, match="gzip data is truncated"):
        decompress(half, encoded_with("gzip,base64"))


@pytest.mark.parametrize("name", ["gzip", "bzip2", "lzma", "zstd", "base64"])
def test_a_body_that_is_not_in_the_named_encoding_is_refused(name):
    encodings = name if name == "base64" else f"{name},base64"
    body = "?" if name == "base64" else b64encode(b"nothing of the kind").decode()

    with pytest.raises(DecodeError, match=f"the body is not valid {name}"):
        decompress(body, encoded_with(encodings))


@pytest.mark.parametrize(
    ("encodings", "problem"),
    [("rot13", "'rot13' cannot be read"), ("base64," * 5, "has 5 content encodings")],
)
def test_unknown_or_too_many_encodings_are_refused(encodings, problem):
    with pytest.raises(DecodeError, match=problem):
        decompress("e30=", encoded_with(encodings))


def test_an_unknown_compression_is_refused_and_the_known_ones_are_listed():
    with pytest.raises(ConfigurationError, match="'rar'; there are gzip, bzip2, lzma, zstd"):
        compressor("rar")


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setattr(compression, "_ZSTD_MODULES", ("no_such_module",))

    with pytest.raises(MissingExtra, match=r"pip install 'pubsub-tasks\[zstd\]'"):
        compressor("zstd")
