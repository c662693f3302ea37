"""Text from outside, as it is printed."""

import pytest

from pubsub_tasks.untrusted.printable import cut, cut_start, printable, text_of


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\n2026-01-01 00:00:00 ERROR   forged", "a\\n2026-01-01 00:00:00 ERROR   forged"),
        ("\r\x1b[2K\x00\x7f", "\\r\\x1b[2K\\x00\\x7f"),
        ("\x85\u2028\u2029", "\\x85\\u2028\\u2029"),
        ("\u202eevil\u2066", "\\u202eevil\\u2066"),
        ("\ud800", "\\ud800"),
        ("größe\t₿ 𝄞", "größe\t₿ 𝄞"),
    ],
)
def test_characters_that_forge_lines_or_control_a_terminal_are_escaped(text, shown):
    assert printable(text) == shown


def test_long_text_is_cut_and_its_length_is_shown():
    assert printable("x" * 2_000_000, 10) == "xxxxxxxxxx… (2,000,000 characters)"
    assert cut("abc", 3) == "abc"
    assert cut_start("abcdef", 3) == "(6 characters) …def"


@pytest.mark.parametrize("raised", [RuntimeError, SystemExit])
def test_a_value_whose_str_raises_has_a_placeholder(raised):
    class Broken(Exception):
        def __str__(self):
            raise raised

    assert text_of(Broken()) == "(no text)"
