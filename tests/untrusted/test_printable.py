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
def test_what_could_forge_a_line_or_steer_a_terminal_is_escaped(text, shown):
    assert printable(text) == shown


def test_what_is_too_long_is_cut_with_its_length_told():
    assert printable("x" * 2_000_000, 10) == "xxxxxxxxxx… (2,000,000 characters)"
    assert cut("abc", 3) == "abc"
    assert cut_start("abcdef", 3) == "(6 characters) …def"


@pytest.mark.parametrize("raised", [RuntimeError, SystemExit])
def test_a_value_that_has_no_text_says_so(raised):
    class Broken(Exception):
        def __str__(self):
            raise raised

    assert text_of(Broken()) == "(no text)"
