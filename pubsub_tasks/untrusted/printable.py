"""Make text from outside safe to print: one line, no control characters, limited length.

Anyone who may publish chooses ids, media types, reasons and error texts. These must neither forge a log line
nor send control sequences to the terminal that shows it.
"""

import re

from .exceptions import reraise_interrupt

_UNSAFE = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
"""Control characters other than tab, line and paragraph separators, bidirectional controls (Unicode UAX #9),
lone surrogates (which cannot be encoded) and the byte order mark."""

LONGEST_ID = 256
"""Characters of an id or a media type that are shown."""

LONGEST_TEXT = 1_000
"""Characters of an error message or a reason that are shown."""

_NO_TEXT = "(no text)"


def printable(text: str, limit: int | None = None) -> str:
    """Return the text with unsafe characters escaped (`\\n`, `\\x1b`), cut to `limit` characters if given."""
    shown = text if limit is None else cut(text, limit)
    return shown if shown.isprintable() else _UNSAFE.sub(_escaped, shown)


def cut(text: str, limit: int) -> str:
    """Return the first `limit` characters, followed by the full length if the text is longer."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"


def cut_start(text: str, limit: int) -> str:
    """Return the last `limit` characters, preceded by the full length if the text is longer."""
    return text if len(text) <= limit else f"({len(text):,} characters) …{text[-limit:]}"


def text_of(value: object) -> str:
    """Return `str(value)`, or "(no text)" if that raises, as it may for an application's own class."""
    try:
        return str.__str__(str(value))  # a plain str, even if `__str__` returned a subclass
    except BaseException as raised:
        reraise_interrupt(raised)
        return _NO_TEXT


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
