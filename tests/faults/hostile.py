"""Hostile: what nobody would send, from a seed: bodies and attributes, random, mutated, forged.

All of it can stand in a queue: what SQS would refuse is not made here, but for its escapes in JSON.
"""

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from pubsub_tasks.wire.records import MAX_ATTRIBUTES, Attribute, Outgoing, text

MEDIA_TYPES = ("application/vnd.fuzz.pubsub._.created.order", "application/vnd.fuzz.pubsub._.created.parcel")

ODD_TEXTS = (
    "",
    "\x00",
    "\ud800",
    "\udfff\ud800",
    "￾",
    "💥",
    "é",
    "../../etc/passwd",
    "NaN",
    "-Infinity",
    "1e400",
    "0x10",
    "9" * 400,
    "2026-02-30T25:61:00Z",
    "sNaN",
    "{}",
    "a@b",
    "%s{0}$(id)",
)
ODD_NUMBERS = (0, -1, 2**31, 2**63, 10**300, -(10**30), 0.1, -0.0, 1e308, 5e-324, float("inf"), float("nan"))

ORDER: dict[str, Any] = {
    "mediaType": MEDIA_TYPES[0],
    "opaqueData": {"x-request-id": "r", "x-request-ttl": "31", "x-request-published": "1700000000.1"},
    "number": 7,
}
PARCEL: dict[str, Any] = {
    "mediaType": MEDIA_TYPES[1],
    "opaqueData": {"x-message-id": "m-1"},
    "parcel_id": "5f1c3d0e-6a53-4bb5-8d5c-0a9f5a0d7b11",
    "weight": "1.25",
    "sent_at": "2026-11-24T08:00:00+00:00",
    "email": "a@example.org",
    "tags": ["a", "b"],
    "address": {"city": "Bonn", "lines": {"one": "1"}},
    "fragile": True,
    "price": 1.5,
}

PICKLE = "application/x-python-serialize"


def bomb(unit: bytes, size: int) -> str:
    """A thousandth of so many bytes of JSON, which would be far more of Python."""
    return base64.b64encode(gzip.compress(b"[" + unit * (size // len(unit)) + b"0]")).decode()


BOMB = bomb(b"0,", 10_000_000)


def hostile(seed: int) -> Iterator[Outgoing]:
    """Without end, and the same for the same seed."""
    chance = Random(seed)
    while True:
        write = chance.choice(BODIES)
        given = attributes(chance)
        if write is packed and len(given) < MAX_ATTRIBUTES:
            given["content_encoding"] = text(chance.choice(["gzip,base64", "base64", "gzip", "zstd, base64"]))
        yield Outgoing(write(chance) or " ", given)


def value(chance: Random, depth: int = 4) -> Any:
    """Any JSON value, odd ones first."""
    kind = chance.randrange(8 if depth else 5)
    match kind:
        case 0:
            return chance.choice(ODD_TEXTS)
        case 1:
            return chance.choice(ODD_NUMBERS)
        case 2:
            return chance.choice([True, False, None])
        case 3:
            return chance.randint(-1000, 1000)
        case 4:
            return "".join(chr(chance.randint(32, 0x2FF)) for _ in range(chance.randrange(30)))
        case 5:
            return [value(chance, depth - 1) for _ in range(chance.randrange(5))]
        case _:
            return {str(value(chance, 0)): value(chance, depth - 1) for _ in range(chance.randrange(5))}


def written(document: Any) -> str:
    return json.dumps(document)


def any_value(chance: Random) -> str:
    return written(value(chance))


def sound(chance: Random) -> str:
    return written(chance.choice([ORDER, PARCEL]))


def wrong_shape(chance: Random) -> str:
    """A sound message of which some members are something else."""
    document = dict(chance.choice([ORDER, PARCEL]))
    for _ in range(chance.randint(1, 3)):
        document[chance.choice([*document, "extra", "Type", "specversion", "TopicArn"])] = value(chance)
    return written(document)


def cut_and_pasted(chance: Random) -> str:
    """A sound message's text, with characters dropped, doubled, replaced."""
    characters = list(chance.choice([written(ORDER), written(PARCEL), notice(chance), event(chance)]))
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(characters))
        characters[at : at + chance.randint(0, 2)] = chance.choice(
            ['"', "{", "}", "[", ",", ":", "\\", "0", "é", ""]
        )
    return "".join(characters)


def deep(chance: Random) -> str:
    """Nested so deeply that naive readers end there."""
    depth = chance.choice([50, 900, 1_100, 20_000])
    opening, closing = chance.choice([("[", "]"), ('{"a":', "}"), ('[{"mediaType":', "}]")])
    nested = opening * depth + "1" + closing * depth
    return nested if chance.random() < 0.5 else f'{{"mediaType": "{MEDIA_TYPES[0]}", "number": {nested}}}'


def huge(chance: Random) -> str:
    """Numbers and texts beyond what anybody reckons with."""
    number = chance.choice(["9" * 5_000, "1e99999", "-" + "8" * 4_400, "0." + "3" * 9_000, "Infinity", "NaN"])
    number = chance.choice([number, '"' + "x" * 50_000 + '"'])
    field = chance.choice(["number", "opaqueData", "weight", "price"])
    return f'{{"mediaType": "{chance.choice(MEDIA_TYPES)}", "{field}": {number}}}'


def wide(chance: Random) -> str:
    """Many small values, which cost Python far more than their text."""
    return chance.choice(["[" + "[]," * 20_000 + "[]]", "{" + '"":{},' * 20_000 + '"":{}}'])


def pointer(chance: Random) -> str:
    """To a bucket that is none of ours."""
    first = chance.choice(["software.amazon.payloadoffloading.PayloadS3Pointer", "com.x.Y", 5, None])
    second = chance.choice(
        [{"s3BucketName": "theirs", "s3Key": "../k"}, {"s3BucketName": 5, "s3Key": None}, {}]
    )
    return written([first, second])


def packed(chance: Random) -> str:
    """Compressed, encoded, pickled; sound or not."""
    bad = [BOMB, BOMB[:-5], "gASVBAAAAAAAAABOLg==", "!!!not base64!!!", "H4sIAAAA", "=" * 9]
    sound = [base64.b64encode(pack(written(ORDER).encode())).decode() for pack in (bytes, gzip.compress)]
    body = chance.choice([*bad, *sound])
    return body if chance.random() < 0.5 else written({**ORDER, "content_encoding": "gzip", "number": body})


def notice(chance: Random) -> str:
    """An SNS notification, sound or forged."""
    document: dict[str, Any] = {
        "Type": chance.choice(["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"]),
        "MessageId": "n-1",
        "TopicArn": "arn:aws:sns:eu-west-1:1:t",
        "Message": chance.choice([written(ORDER), written(PARCEL), "x", written(value(chance))]),
        "Timestamp": chance.choice(["2026-11-24T08:00:00.000Z", "never", 5]),
        "SubscribeURL": "http://127.0.0.1:9/never-fetched",
        "MessageAttributes": {"media_type": {"Type": "String", "Value": MEDIA_TYPES[0]}},
    }
    if chance.random() < 0.5:
        document[chance.choice(list(document))] = value(chance)
    return written(document)


def event(chance: Random) -> str:
    """A CloudEvent, sound or forged."""
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/s",
        "type": MEDIA_TYPES[0],
        "time": "2026-11-24T08:00:00Z",
        "data": chance.choice([{"number": 5}, '{"number": 5}', "x", None]),
    }
    if chance.random() < 0.5:
        document[chance.choice(list(document))] = value(chance)
    return written(document)


def noise(chance: Random) -> str:
    """Text that means nothing."""
    return "".join(chr(chance.choice([9, 10, 13, *range(32, 127), 0x20AC, 0x1F600])) for _ in range(80))


BODIES: list[Callable[[Random], str]] = [
    *(any_value, sound, sound, wrong_shape, wrong_shape, wrong_shape, cut_and_pasted, cut_and_pasted),
    *(deep, huge, wide, pointer, packed, notice, event, noise),
]

FORGED: list[tuple[str, list[str]]] = [
    ("content_type", [PICKLE, "application/data", "application/json", "text/plain"]),
    ("content_encoding", ["gzip", "zlib", "bzip2", "lzma", "utf-8", "binary"]),
    ("compression", ["application/x-gzip"]),
    ("media_type", [*MEDIA_TYPES, "nobody/knows", "*"]),
    ("ExtendedPayloadSize", ["999999999999"]),
    ("S3Key", ["k"]),
    (
        "x-resent",
        ["{", "[]", '{"attempts": -5}', '{"attempts": "many", "waive": 1}', '{"first_published": 1e999}'],
    ),
    ("dead_letter", ["{", "[1]", '{"attributes": {"a": 5}}', '{"reason": 5, "failed_at": "x"}']),
    ("traceparent", ["00-zz", "x" * 500]),
    *((f"own-{number}", ["1"]) for number in range(8)),
]


def attributes(chance: Random) -> dict[str, Attribute]:
    """Up to ten of them, mostly none."""
    if chance.random() < 0.5:
        return {}
    names = chance.sample(FORGED, chance.choice([1, 2, 3, 10]))
    return {name: _attribute(chance, chance.choice(values)) for name, values in names}


def _attribute(chance: Random, value: str) -> Attribute:
    match chance.randrange(8):
        case 0:
            return Attribute("Number", "1")
        case 1:
            return Attribute("Binary", value.encode())
        case 2:
            return Attribute("String.odd", value)
    return text(value)
