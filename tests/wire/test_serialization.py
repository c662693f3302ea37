"""Content types: written, read, and refused."""

import gzip
import json
import pickle
from base64 import b64encode

import pytest
from kombu.serialization import register, unregister

from pubsub_tasks.errors import ConfigurationError, ContentDisallowed, DecodeError, MissingExtra
from pubsub_tasks.wire import serialization
from pubsub_tasks.wire.records import text
from pubsub_tasks.wire.serialization import JSON, Serializer, read_body

DOCUMENT = {"mediaType": "order", "name": "é", "lines": [1, 2.5, None, True, {"a": "b"}]}
MSGPACK, YAML = "application/x-msgpack", "application/x-yaml"


def test_json_is_plain():
    assert Serializer.of("json") == Serializer.of(JSON) == Serializer()
    assert Serializer().write({"a": "é"}) == ('{"a":"é"}', {})


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("msgpack", {"content_type": text(MSGPACK), "content_encoding": text("base64")}),
        ("yaml", {"content_type": text(YAML)}),
        (MSGPACK, {"content_type": text(MSGPACK), "content_encoding": text("base64")}),
    ],
)
def test_what_is_written_is_read_again_where_it_is_accepted(name, attributes):
    format_ = Serializer.of(name)

    body, told = format_.write(DOCUMENT)

    assert told == attributes
    assert body.isprintable() or "\n" in body
    assert read_body(body, told, {format_.content_type}) == DOCUMENT


@pytest.mark.parametrize("name", ["msgpack", "yaml"])
def test_nothing_but_json_is_read_unasked(name):
    body, told = Serializer.of(name).write(DOCUMENT)

    with pytest.raises(ContentDisallowed, match=f"application/x-{name} is not accepted here"):
        read_body(body, told)


@pytest.mark.parametrize("name", ["pickle", "application/x-python-serialize"])
def test_pickle_is_never_written(name):
    with pytest.raises(ConfigurationError, match="runs whatever a message says"):
        Serializer.of(name)


def test_pickle_is_never_read_whatever_is_accepted():
    told = {"content_type": text("application/x-python-serialize"), "content_encoding": text("base64")}
    body = b64encode(pickle.dumps({})).decode()

    with pytest.raises(ContentDisallowed):
        read_body(body, told)
    with pytest.raises(DecodeError):
        read_body(body, told, {"application/x-python-serialize"})


def test_a_type_that_there_is_not_is_refused_with_those_that_there_are():
    with pytest.raises(ConfigurationError, match=r"'xml'; there are json, msgpack, yaml"):
        Serializer.of("xml")


def test_an_extra_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(serialization, "_MODULES", {"msgpack": "no_such_module"})

    with pytest.raises(MissingExtra, match=r"pip install 'pubsub-tasks\[msgpack\]'"):
        Serializer.of("msgpack")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/vnd.shop.order+json", "TEXT/JSON"]
)
def test_jsons_family_is_json(content_type):
    assert read_body("{}", {"content_type": text(content_type)}) == {}


@pytest.mark.parametrize("content_type", ["text/plain", "application/data", "application/octet-stream", ""])
def test_what_kombu_would_trust_is_not_accepted(content_type):
    # Source: kombu.serialization.TRUSTED_CONTENT, which passes any accept list
    with pytest.raises(ContentDisallowed):
        read_body("{}", {"content_type": text(content_type)})


@pytest.mark.parametrize(("content_type", "body"), [(MSGPACK, "wQ=="), (YAML, "a: [")])
def test_what_is_no_such_content_is_told(content_type, body):
    told = {"content_type": text(content_type)}
    if content_type == MSGPACK:
        told["content_encoding"] = text("base64")

    with pytest.raises(DecodeError, match=f"the body is no {content_type}"):
        read_body(body, told, {content_type})


def test_a_billion_laughs_are_not_laughed():
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    with pytest.raises(DecodeError, match="more than 1,000,000 values"):
        read_body("\n".join(lines), {"content_type": text(YAML)}, {YAML})


def test_a_serializer_of_the_applications_own_goes_by_its_name():
    content_type = "application/x-shout"
    register(
        "shout", lambda said: json.dumps(said).upper() + "\x00", lambda body: {"heard": body}, content_type
    )
    try:
        body, told = Serializer.of("shout").write({"a": "b"})

        # It has a character that SQS refuses, so it travels as base64
        assert told["content_encoding"] == text("base64")
        assert read_body(body, told, {content_type}) == {"heard": b'{"A": "B"}\x00'}
    finally:
        unregister("shout")


def packed(payload, steps="gzip,base64"):
    """A body, and the attribute that tells how to read it."""
    return b64encode(gzip.compress(payload)).decode(), {"content_encoding": text(steps)}


@pytest.mark.parametrize("unit", [b"0,", b"[],", b'{"a":{}},', b'"\\\\\\"",'])
def test_compressed_json_of_very_many_values_is_told_before_they_are_made(unit):
    with pytest.raises(DecodeError, match="more than 1,000,000 values"):
        read_body(*packed(b"[" + unit * 1_000_000 + b"0]"))


def test_commas_and_brackets_within_compressed_text_are_no_values():
    table = "1,2,[3]," * 200_000 + '\\"{'

    assert read_body(*packed(json.dumps({"table": table}).encode())) == {"table": table}


def test_compressed_json_that_is_not_in_utf_8_is_told():
    with pytest.raises(DecodeError):
        read_body(*packed('{"a": "€"}'.encode("utf-16")))
