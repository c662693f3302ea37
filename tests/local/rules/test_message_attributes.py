"""Message attributes: names, types, values, weight, and the digest that SDKs compare."""

import pytest

from pubsub_tasks.local.rules.message_attributes import chosen, digest, size_of
from pubsub_tasks.local.rules.service_errors import ServiceError


def text(value="x", kind="String"):
    return {"DataType": kind, "StringValue": value}


@pytest.mark.parametrize("name", ["a", "a" * 256, "A.b-c_9", "0", "awsome.x"])
def test_legal_names(name):
    assert size_of({name: text()}) == len(name) + len("String") + 1


@pytest.mark.parametrize(
    "name", ["", "a" * 257, "a b", "é", ".a", "a.", "a..b", "AWS.x", "aws.x", "Amazon.x", "aMaZoN.y"]
)
def test_names_that_are_not_legal(name):
    with pytest.raises(ServiceError, match="name") as caught:
        size_of({name: text()})
    assert caught.value.code == "InvalidParameterValue"


@pytest.mark.parametrize(
    "attribute",
    [
        text(kind="String.json"),
        text("1", "Number"),
        text("-1.5e-10", "Number.float"),
        text(".5", "Number"),
        {"DataType": "Binary", "BinaryValue": b"\0"},
        {"DataType": "Binary.gzip", "BinaryValue": bytearray(b"\0")},
    ],
)
def test_legal_values(attribute):
    assert size_of({"a": attribute}) > 0


@pytest.mark.parametrize(
    "attribute",
    [
        {},
        {"StringValue": "x"},
        text(kind="Text"),
        text(kind="String." + "x" * 250),
        text(""),
        {"DataType": "String"},
        {"DataType": "String", "BinaryValue": b"x"},
        {"DataType": "Binary", "StringValue": "x"},
        {"DataType": "Binary", "BinaryValue": b""},
        *(text(number, "Number") for number in ("x", "nan", "inf", "1_000", " 1", "1e", "0x1", "\u0661")),
    ],
)
def test_values_that_are_not_legal(attribute):
    with pytest.raises(ServiceError, match="'a'") as caught:
        size_of({"a": attribute})
    assert caught.value.code == "InvalidParameterValue"


def test_the_digest_is_the_one_that_sdks_compute():
    # A pair that is known from elsewhere
    assert digest({"timestamp": text("1493147359900", "Number")}) == "235c5c510d26fb653d073faed50ae77c"
    # A binary value is of transport type 2, and order is by name
    two = {"b": {"DataType": "Binary", "BinaryValue": b"\xff"}, "a": text()}
    assert digest(two) == digest(dict(reversed(two.items())))
    assert digest(two) != digest({**two, "b": text("\xff", "Binary")} | {"b": text("\xff")})


def test_a_prefix_chooses_by_its_dot():
    attributes = {"trace.a": text(), "tracer": text(), "trace": text()}

    assert set(chosen(attributes, ["trace.*"])) == {"trace.a", "tracer", "trace"}
    assert set(chosen(attributes, ["trace"])) == {"trace"}
    assert chosen(attributes, ["All"]) == attributes
