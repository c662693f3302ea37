"""Parses JSON as the standard library does, by msgspec if that is installed (the extra `speed`).

What msgspec refuses is parsed again by the standard library, which reads more (NaN, lone surrogates, UTF-16)
and whose errors are the ones to report. What msgspec reads, it reads alike: held by a property test.

Only parsing: msgspec writes other floats than the standard library (`1e16` for `1e+16`) and types that it
refuses, such as datetime.
"""

import importlib
import json
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any

from ..lifecycle import forks

Parse = Callable[[str | bytes], Any]

QUICK_AFTER = 100
"""Texts that the standard library parses first: msgspec saves the time of its import in thousands."""

_parsed = count()


def parse(payload: str | bytes) -> Any:
    """Return what `json.loads` returns. Raises what it raises: ValueError, RecursionError."""
    quick = _quick_parse() if next(_parsed) >= QUICK_AFTER else None
    if quick is not None:
        try:
            return quick(payload)
        except Exception:  # the standard library may read it, or says what is wrong
            pass
    return json.loads(payload)


@cache
def _quick_parse() -> Parse | None:
    with forks.blocked():
        try:
            msgspec = importlib.import_module("msgspec")
        except ImportError:
            return None
        parse: Parse = msgspec.json.Decoder().decode
        return parse
