"""Printable: text from outside made safe to print: on one line, without control characters, and not too long.

Ids, media types, reasons and errors come from whoever may publish, and must neither forge a line of a log nor
steer the terminal that shows it.
"""

import re

from .odd_errors import pass_interrupt

_UNSAFE = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
"""Control characters but the tab, line and paragraph separators, bidirectional controls (Unicode UAX #9),
lone surrogates, which no encoding takes, and the byte order mark."""

LONGEST_ID = 256
"""Characters of an id or a media type."""

LONGEST_TEXT = 1_000
"""Characters of an error's message or of a reason."""

_NO_TEXT = "(no text)"


def printable(text: str, limit: int | None = None) -> str:
    """The text with unsafe characters as Python writes them (`\\n`, `\\x1b`), cut to `limit` characters."""
    return _UNSAFE.sub(_escaped, text if limit is None else cut(text, limit))


def cut(text: str, limit: int) -> str:
    """The first `limit` characters, and, where that is not all, how long the text is."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"


def cut_start(text: str, limit: int) -> str:
    """The last `limit` characters, and, where that is not all, how long the text is."""
    return text if len(text) <= limit else f"({len(text):,} characters) …{text[-limit:]}"


def text_of(value: object) -> str:
    """`str(value)`, or "(no text)" where that raises, as a class of an application's own may."""
    try:
        return str.__str__(str(value))  # a plain str, of whatever class the text is
    except BaseException as raised:
        pass_interrupt(raised)
        return _NO_TEXT


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
