"""JSON is parsed with and without msgspec."""

import json
import sys
from collections.abc import Iterator
from itertools import count

import pytest

from pubsub_tasks.wire import json_parser
from pubsub_tasks.wire.json_parser import parse


@pytest.fixture(params=[True, False], ids=["with msgspec", "without"], autouse=True)
def installed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    if not request.param:
        monkeypatch.setitem(sys.modules, "msgspec", None)
    json_parser._quick_parse.cache_clear()
    monkeypatch.setattr(json_parser, "_parsed", count(json_parser.QUICK_AFTER))
    yield request.param
    json_parser._quick_parse.cache_clear()


def test_it_is_msgspec_that_parses_if_it_is_installed(installed: bool) -> None:
    assert parse('{"a": [1]}') == {"a": [1]}
    assert (json_parser._quick_parse() is not None) == installed


def test_the_first_texts_are_parsed_without_importing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_parser, "_parsed", count(json_parser.QUICK_AFTER - 1))

    imported = []
    for _ in range(2):
        assert parse("[1]") == [1]
        imported.append(json_parser._quick_parse.cache_info().currsize)

    assert imported == [0, 1]


READ = [
    "18446744073709551616",
    "-9223372036854775809",
    "1" * 4_300,
    "1e400",
    "-1e400",
    "1e-400",
    "-0",
    "-0.0",
    "NaN",
    "-Infinity",
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\ud800"',
    '"\u2028\x7f"',
    '{"a": 1, "b": 2, "a": [3]}',
    '{"": null}',
    " [1 , 2]\r\n\t",
    b"\xef\xbb\xbf[1]",
    '["é"]'.encode("utf-16"),
    '["é"]'.encode("utf-32-be"),
    b'"\xed\xa0\x80"',
    "[" * 500 + "]" * 500,
]


@pytest.mark.parametrize("payload", READ, ids=lambda payload: repr(payload[:20]))
def test_what_the_standard_library_reads_comes_out_the_same(payload: str | bytes) -> None:
    assert repr(parse(payload)) == repr(json.loads(payload))


REFUSED = [
    "",
    "1" * 4_301,
    "01",
    "1.",
    "+1",
    "nul",
    "1 2",
    "[1,]",
    '{"a": 1,}',
    "{1: 2}",
    '"\x01"',
    '"\\x"',
    "\ufeff1",
    "\x0b1",
    "[1\x00]",
    b'"\xff"',
    "[" * 100_000 + "]" * 100_000,
]


@pytest.mark.parametrize("payload", REFUSED, ids=lambda payload: repr(payload[:20]))
def test_what_it_refuses_is_refused_in_its_words(payload: str | bytes) -> None:
    with pytest.raises((ValueError, RecursionError)) as expected:
        json.loads(payload)

    with pytest.raises(type(expected.value)) as raised:
        parse(payload)

    assert str(raised.value) == str(expected.value)
