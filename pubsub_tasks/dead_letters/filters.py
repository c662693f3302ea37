"""Filters that select letters, and the parsing of their values. No I/O; `now` is a parameter."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any, Self

from ..errors import ConfigurationError
from .letter_view import Letter

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_INDEX = re.compile(r"\d{1,9}", re.ASCII)
_MISSING = object()

MIN_ID_LENGTH = 4
"""Characters of an id that are enough to select a letter."""


@dataclass(frozen=True, slots=True)
class FieldFilter:
    """A field of the content and the value it must have, written `path=value`.

    A path is made of names and list indexes with dots between them; headers are under `opaqueData`. A string
    is compared as it is, any other value as JSON: `total=9.5`, `paid=true`.
    """

    path: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The filter written as `path=value`. Raises ConfigurationError."""
        path, sign, value = text.partition("=")
        if not sign or not path.strip():
            raise ConfigurationError(
                f"--where {text!r} is not valid: write field=value, such as order_id=7 or lines.0.sku=a"
            )
        return cls(path.strip(), value)

    def matches(self, fields: Mapping[str, Any]) -> bool:
        """Whether the field has the value."""
        return any(_as_text(found) == self.value for found in _values_at(fields, self.path))


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Criteria that a letter must all meet; of several values of one, any may match. Empty: every letter.

    Attributes:
        ids: ids, or their first four or more characters.
        media_types: with the wildcards `*` and `?`.
        errors: text in the error's type or message, ignoring case.
        reasons: values of `Letter.reason`.
        tasks: names with the wildcards `*` and `?`, in full or from the last dot.
        older_than: minimum age in seconds.
        wheres: fields of the content; all of them must match, not any.
    """

    ids: Sequence[str] = ()
    media_types: Sequence[str] = ()
    errors: Sequence[str] = ()
    reasons: Sequence[str] = ()
    tasks: Sequence[str] = ()
    older_than: float | None = None
    wheres: Sequence[FieldFilter] = ()

    def __post_init__(self) -> None:
        """Raises ConfigurationError if an id is too short to select one letter."""
        for prefix in self.ids:
            if len(prefix) < MIN_ID_LENGTH:
                raise ConfigurationError(
                    f"{prefix!r} is too short for a letter's id: give at least {MIN_ID_LENGTH} characters"
                )

    @property
    def matches_all(self) -> bool:
        """Whether every letter matches, since there is no criterion."""
        return not any(getattr(self, field.name) for field in fields(self)) and self.older_than is None

    def matches(self, letter: Letter, now: float) -> bool:
        """Whether a letter meets all criteria. `now` is epoch seconds."""
        return (
            _any(self.ids, lambda prefix: any(each.startswith(prefix) for each in letter.ids))
            and _any(self.media_types, lambda pattern: fnmatchcase(letter.media_type or "", pattern))
            and _any(self.errors, lambda text: text.casefold() in letter.error.casefold())
            and _any(self.reasons, lambda reason: letter.reason == reason)
            and _any(self.tasks, lambda pattern: _matches_task(pattern, letter.task or ""))
            and (self.older_than is None or letter.age(now) > self.older_than)
            and all(where.matches(letter.delivery.fields) for where in self.wheres)
        )


def parse_duration(text: str) -> float:
    """The seconds of a duration such as `90s`, `15m`, `2h30m`, `7d` or `2w`. Raises ConfigurationError."""
    if not _DURATION.fullmatch(text):
        raise ConfigurationError(f"{text!r} is not a duration: write 90s, 15m, 2h30m, 7d or 2w")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def _any(values: Sequence[str], matches: Callable[[str], bool]) -> bool:
    """Whether any value matches, or there is none to match."""
    return not values or any(matches(value) for value in values)


def _matches_task(pattern: str, task: str) -> bool:
    return fnmatchcase(task, pattern) or fnmatchcase(task.rpartition(".")[2], pattern)


def _values_at(value: Any, path: str) -> Iterable[Any]:
    """The values at a path; there can be several, since names may contain dots."""
    step = _step(value, path)
    if step is not _MISSING:
        yield step
    for dot in (index for index, character in enumerate(path) if character == "."):
        step = _step(value, path[:dot])
        if step is not _MISSING:
            yield from _values_at(step, path[dot + 1 :])


def _step(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(name, _MISSING)
    if isinstance(value, list) and _INDEX.fullmatch(name) and int(name) < len(value):
        return value[int(name)]
    return _MISSING


def _as_text(value: Any) -> str | None:
    try:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return None
