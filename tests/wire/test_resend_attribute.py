import math

import pytest

from pubsub_tasks.wire.records import Attribute, text
from pubsub_tasks.wire.resend_attribute import MAX_ATTEMPTS, RESENT, ResendState, finite_number


def test_resend_state_round_trips() -> None:
    resent = ResendState(first_published=1_700_000_000.125, attempts=4, waive=True)

    assert ResendState.read({RESENT: resent.attribute()}) == resent


def test_without_the_attribute_all_members_have_their_defaults() -> None:
    assert ResendState.read({"other": text("{}")}) == ResendState()


@pytest.mark.parametrize(
    "value",
    [
        "",
        "nonsense",
        "[]",
        "null",
        '"text"',
        "[" * 100_000,
        b"\xff\xfe",
        '{"first_published": "soon", "attempts": "four", "waive": 1}',
        '{"first_published": NaN, "attempts": -3, "waive": "true"}',
        '{"first_published": 1e999, "attempts": true}',
        '{"first_published": {}, "attempts": 1.5, "waive": null}',
        '{"attempts": ' + "9" * 5_000 + "}",
    ],
)
def test_invalid_members_have_their_defaults(value: str | bytes) -> None:
    assert ResendState.read({RESENT: Attribute("String", value)}) == ResendState()


def test_attempts_are_bounded() -> None:
    """A back-off of two to the power of what a stranger says would never end computing."""
    assert ResendState.read({RESENT: text('{"attempts": 999999999999}')}).attempts == MAX_ATTEMPTS


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1700000000.5", 1_700_000_000.5),
        (12, 12.0),
        (0, 0.0),
        (True, None),
        (None, None),
        ("", None),
        ("nan", None),
        (math.inf, None),
        (10**400, None),
        ([1], None),
    ],
)
def test_only_finite_numbers_and_their_text_are_numbers(value: object, expected: float | None) -> None:
    assert finite_number(value) == expected
