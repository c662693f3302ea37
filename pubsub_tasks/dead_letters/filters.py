"""Filters: which letters are meant. Pure; what people type becomes values here, once, or a clear error."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any, Self

from ..errors import ConfigurationError
from .letter import Letter

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_MISSING = object()

SHORTEST_ID = 4
"""Characters of an id that are enough to name a letter."""


@dataclass(frozen=True, slots=True)
class Where:
    """A field of the content that has to have a value, written `path=value`.

    The path goes into objects by name and into lists by number, with dots between; headers are under
    `opaqueData`. Text is compared as it is, and any other value as its JSON: `total=9.5`, `paid=true`.
    """

    path: str
    value: str

    @classmethod
    def parse(cls, said: str) -> Self:
        """Raises ConfigurationError."""
        path, sign, value = said.partition("=")
        if not sign or not path.strip():
            raise ConfigurationError(
                f"--where {said!r} is not understood: write 'field=value' or 'a.b.0=value'"
            )
        return cls(path.strip(), value)

    def holds(self, fields: Mapping[str, Any]) -> bool:
        return any(_as_text(found) == self.value for found in _found(fields, self.path))


@dataclass(frozen=True, slots=True)
class Filter:
    """Letters that satisfy all of these; of several values of one kind, any will do. Empty: all letters.

    Attributes:
        ids: ids, or their beginnings of four characters and more.
        media_types: with `*` and `?` as in file names.
        errors: parts of the error's type and text, whatever the case.
        reasons: as letters tell them.
        tasks: names with `*` and `?`, in full or from the last dot.
        older_than: seconds since a letter was given up.
        wheres: all of these hold, not any.
    """

    ids: Sequence[str] = ()
    media_types: Sequence[str] = ()
    errors: Sequence[str] = ()
    reasons: Sequence[str] = ()
    tasks: Sequence[str] = ()
    older_than: float | None = None
    wheres: Sequence[Where] = ()

    def __post_init__(self) -> None:
        """Raises ConfigurationError for an id too short to mean one letter."""
        for said in self.ids:
            if len(said) < SHORTEST_ID:
                raise ConfigurationError(
                    f"{said!r} is too short for a letter's id: give {SHORTEST_ID} characters"
                )

    @property
    def everything(self) -> bool:
        """True where no letter is left out."""
        return not any(getattr(self, field.name) for field in fields(self)) and self.older_than is None

    def wants(self, letter: Letter, now: float) -> bool:
        """Whether it is meant. `now` is epoch seconds."""
        return (
            _any(self.ids, lambda said: any(known.startswith(said) for known in letter.ids))
            and _any(self.media_types, lambda said: fnmatchcase(letter.media_type or "", said))
            and _any(self.errors, lambda said: said.casefold() in letter.error.casefold())
            and _any(self.reasons, lambda said: letter.reason == said)
            and _any(self.tasks, lambda said: _names(said, letter.task or ""))
            and (self.older_than is None or letter.age(now) > self.older_than)
            and all(where.holds(letter.delivery.fields) for where in self.wheres)
        )


def duration(said: str) -> float:
    """Seconds from what people write: `90s`, `15m`, `2h30m`, `7d`, `2w`. Raises ConfigurationError."""
    if not _DURATION.fullmatch(said):
        raise ConfigurationError(f"{said!r} is no duration: write 90s, 15m, 2h30m, 7d or 2w")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(said))


def _any(said: Sequence[str], matches: Callable[[str], bool]) -> bool:
    return not said or any(matches(each) for each in said)


def _names(said: str, task: str) -> bool:
    return fnmatchcase(task, said) or fnmatchcase(task.rpartition(".")[2], said)


def _found(value: Any, path: str) -> Iterable[Any]:
    """What stands at the path. A name may have dots of its own, so that more than one value may."""
    step = _step(value, path)
    if step is not _MISSING:
        yield step
    for dot in (index for index, character in enumerate(path) if character == "."):
        step = _step(value, path[:dot])
        if step is not _MISSING:
            yield from _found(step, path[dot + 1 :])


def _step(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(name, _MISSING)
    if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
        return value[int(name)]
    return _MISSING


def _as_text(value: Any) -> str | None:
    try:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return None
