"""Documents are serialized and parsed by content type, and some content types are refused."""

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


def test_json_is_written_unescaped_and_without_attributes():
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
def test_a_document_survives_a_round_trip_if_its_content_type_is_accepted(name, attributes):
    serializer = Serializer.of(name)

    body, written = serializer.write(DOCUMENT)

    assert written == attributes
    assert body.isprintable() or "\n" in body
    assert read_body(body, written, {serializer.content_type}) == DOCUMENT


@pytest.mark.parametrize("name", ["msgpack", "yaml"])
def test_only_json_is_accepted_by_default(name):
    body, written = Serializer.of(name).write(DOCUMENT)

    with pytest.raises(ContentDisallowed, match=f"application/x-{name} is not accepted here"):
        read_body(body, written)


@pytest.mark.parametrize("name", ["pickle", "application/x-python-serialize"])
def test_pickle_is_never_written(name):
    with pytest.raises(ConfigurationError, match="pickle runs code from the message"):
        Serializer.of(name)


def test_pickle_is_never_read_even_if_accepted():
    attributes = {"content_type": text("application/x-python-serialize"), "content_encoding": text("base64")}
    body = b64encode(pickle.dumps({})).decode()

    with pytest.raises(ContentDisallowed):
        read_body(body, attributes)
    with pytest.raises(DecodeError):
        read_body(body, attributes, {"application/x-python-serialize"})


def test_an_unknown_content_type_is_refused_and_the_known_ones_are_listed():
    with pytest.raises(ConfigurationError, match=r"'xml'; there are json, msgpack, yaml"):
        Serializer.of("xml")


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setattr(serialization, "_MODULES", {"msgpack": "no_such_module"})

    with pytest.raises(MissingExtra, match=r"pip install 'pubsub-tasks\[msgpack\]'"):
        Serializer.of("msgpack")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/vnd.shop.order+json", "TEXT/JSON"]
)
def test_content_types_of_the_json_family_are_json(content_type):
    assert read_body("{}", {"content_type": text(content_type)}) == {}


@pytest.mark.parametrize("content_type", ["text/plain", "application/data", "application/octet-stream", ""])
def test_content_types_that_kombu_trusts_are_not_accepted(content_type):
    # Source: kombu.serialization.TRUSTED_CONTENT, which passes any accept list
    with pytest.raises(ContentDisallowed):
        read_body("{}", {"content_type": text(content_type)})


@pytest.mark.parametrize(("content_type", "body"), [(MSGPACK, "wQ=="), (YAML, "a: [")])
def test_a_body_that_is_not_of_its_content_type_is_refused(content_type, body):
    attributes = {"content_type": text(content_type)}
    if content_type == MSGPACK:
        attributes["content_encoding"] = text("base64")

    with pytest.raises(DecodeError, match=f"the body is not valid {content_type}"):
        read_body(body, attributes, {content_type})


def test_a_billion_laughs_attack_is_refused():
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    with pytest.raises(DecodeError, match="more than 1,000,000 values"):
        read_body("\n".join(lines), {"content_type": text(YAML)}, {YAML})


def test_an_application_can_register_its_own_serializer():
    content_type = "application/x-shout"
    register(
        "shout",
        lambda document: json.dumps(document).upper() + "\x00",
        lambda body: {"heard": body},
        content_type,
    )
    try:
        body, written = Serializer.of("shout").write({"a": "b"})

        # It contains a character that SQS rejects, so it is sent in base64
        assert written["content_encoding"] == text("base64")
        assert read_body(body, written, {content_type}) == {"heard": b'{"A": "B"}\x00'}
    finally:
        unregister("shout")


def compressed(payload, encodings="gzip,base64"):
    """Return a compressed body and its attributes."""
    return b64encode(gzip.compress(payload)).decode(), {"content_encoding": text(encodings)}


@pytest.mark.parametrize("unit", [b"0,", b"[],", b'{"a":{}},', b'"\\\\\\"",'])
def test_compressed_json_with_too_many_values_is_refused_before_parsing(unit):
    with pytest.raises(DecodeError, match="more than 1,000,000 values"):
        read_body(*compressed(b"[" + unit * 1_000_000 + b"0]"))


def test_commas_and_brackets_in_compressed_strings_do_not_count_as_values():
    table = "1,2,[3]," * 200_000 + '\\"{'

    assert read_body(*compressed(json.dumps({"table": table}).encode())) == {"table": table}


def test_compressed_json_that_is_not_in_utf_8_is_refused():
    with pytest.raises(DecodeError):
        read_body(*compressed('{"a": "€"}'.encode("utf-16")))
