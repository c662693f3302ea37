"""JSON is parsed as the standard library does, whatever it is."""

import json
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubsub_tasks.wire import json_parser
from pubsub_tasks.wire.json_parser import parse


@pytest.fixture(autouse=True)
def many_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many have been parsed that msgspec parses the next."""
    monkeypatch.setattr(json_parser, "_parsed", count(json_parser.QUICK_AFTER))


characters = st.characters(exclude_categories=[]) | st.sampled_from('\x00\x1f"\\/\ud800\udc00\u2028')
numbers = st.integers() | st.integers(-(2**70), 2**70) | st.floats()
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(characters),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(characters), inner, max_size=4),
    max_leaves=20,
)
digits = st.text("0123456789", max_size=30)
powers = st.integers(0, 400).map(str)
spelled = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["", "-", "+"]),
    digits,
    st.sampled_from(["", "."]),
    digits,
    st.just("") | st.builds("{}{}".format, st.sampled_from(["e", "E-"]), powers),
)
words = ["null", '"a"', "1", "-0", "e", "\\u", "d800", "\ufeff"]
pieces = st.sampled_from([*words, *'{}[],:".a \\'])
garbled = st.lists(pieces | characters, max_size=12).map("".join)
repeated = st.lists(st.tuples(st.sampled_from(['"a"', '"b"']), spelled), max_size=4).map(
    lambda members: "{" + ",".join(f"{name}:{value}" for name, value in members) + "}"
)


def outcome(parser: Any, payload: str | bytes) -> Any:
    """What came of it; as text, so that types, signs of zero, NaN and the order of keys count."""
    try:
        return repr(parser(payload))
    except (ValueError, RecursionError) as error:
        return type(error), str(error)


@given(values, st.booleans(), st.sampled_from([None, 1]))
def test_documents_come_out_the_same(value: Any, escaped: bool, indent: int | None) -> None:
    document = json.dumps(value, ensure_ascii=escaped, indent=indent)

    assert outcome(parse, document) == outcome(json.loads, document)
    data = document.encode("utf-8", "surrogatepass")
    assert outcome(parse, data) == outcome(json.loads, data)


@given(spelled | repeated | garbled)
def test_numbers_repeated_names_and_what_is_no_json_come_out_the_same(text: str) -> None:
    assert outcome(parse, text) == outcome(json.loads, text)


@given(st.binary(max_size=16) | garbled.map(lambda text: text.encode("utf-16", "surrogatepass")))
def test_bytes_come_out_the_same(data: bytes) -> None:
    assert outcome(parse, data) == outcome(json.loads, data)
