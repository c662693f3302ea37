"""Bodies made smaller and read again, and those that would never end."""

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


def told(steps):
    return {"content_encoding": text(steps)}


@pytest.mark.parametrize("name", ["gzip", "bzip2", "lzma", "zstd"])
def test_what_was_compressed_is_read_again(name):
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
def test_what_others_compressed_is_read(name, pack):
    assert decompress(b64encode(pack(b"{}")).decode(), told(f"{name}, base64")) == b"{}"


def test_gzip_is_gzip_to_everybody():
    assert gzip.decompress(compressor("gzip")(b"hello")) == b"hello"


def test_what_was_encoded_twice_is_read_backwards():
    once = compress(BODY, {}, "gzip")

    assert decompress(*compress(*once, "lzma")) == BODY.encode()


@pytest.mark.parametrize("steps", ["utf-8", "identity", ""])
def test_what_changes_nothing_is_no_step(steps):
    assert decompress("{}", told(steps)) == "{}"


@pytest.mark.parametrize("name", ["gzip", "bzip2", "lzma", "zstd"])
def test_a_bomb_does_not_go_off(name):
    bomb, attributes = compress("x" * (MAX_EXPANDED + 1), {}, name)

    with pytest.raises(BodyTooLarge, match=f"the body's {name} grows beyond 16,777,216 bytes"):
        decompress(bomb, attributes)


@pytest.mark.parametrize("name", ["gzip", "bzip2", "lzma", "zstd"])
def test_a_limit_is_kept_to_the_byte_and_the_size_is_recorded(name):
    body, attributes = compress("x" * 100_000, {}, name)
    limit = BodyLimit(100_000)

    assert decompress(body, attributes, limit) == b"x" * 100_000
    assert limit.used == 100_000
    with pytest.raises(BodyTooLarge):
        decompress(body, attributes, BodyLimit(99_999))


def test_what_is_cut_short_is_told():
    body, _ = compress(BODY, {}, "gzip")
    half = body[: len(body) // 8 * 4]

    with pytest.raises(DecodeError, match="gzip ends too soon"):
        decompress(half, told("gzip,base64"))


@pytest.mark.parametrize("name", ["gzip", "bzip2", "lzma", "zstd", "base64"])
def test_what_it_is_not_is_told(name):
    steps = name if name == "base64" else f"{name},base64"
    body = "?" if name == "base64" else b64encode(b"nothing of the kind").decode()

    with pytest.raises(DecodeError, match=f"the body is no {name}"):
        decompress(body, told(steps))


@pytest.mark.parametrize(
    ("steps", "problem"), [("rot13", "'rot13' cannot be read"), ("base64," * 5, "5 times")]
)
def test_steps_that_nobody_can_undo_are_told(steps, problem):
    with pytest.raises(DecodeError, match=problem):
        decompress("e30=", told(steps))


def test_a_compression_that_there_is_not_is_refused_with_those_that_there_are():
    with pytest.raises(ConfigurationError, match="'rar'; there are gzip, bzip2, lzma, zstd"):
        compressor("rar")


def test_an_extra_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(compression, "_ZSTD", ("no_such_module",))

    with pytest.raises(MissingExtra, match=r"pip install 'pubsub-tasks\[zstd\]'"):
        compressor("zstd")
