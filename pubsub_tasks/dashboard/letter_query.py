"""The queue and the letters that a page is asked for: the same filters as `pubsub-tasks dlq` has. No I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlencode

from ..dead_letters.filters import FieldFilter, LetterFilter, parse_duration
from ..dead_letters.summary import FailureKind
from ..errors import ConfigurationError

DEFAULT_LIMIT = 1_000
MAX_LIMIT = 10_000
"""Letters that a page may lease at once: a browser waits for the answer."""


@dataclass(frozen=True, slots=True)
class LetterQuery:
    """What the address of a page, or a form, says.

    Attributes:
        queue: logical name of the source queue.
        limit: how many letters to look at.
    """

    queue: str = ""
    ids: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    older_than: str = ""
    wheres: tuple[str, ...] = ()
    limit: int = DEFAULT_LIMIT

    @classmethod
    def parse(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """The query of names and values as forms send them; empty ones count for nothing.

        Raises ConfigurationError if a value is not valid.
        """
        given: dict[str, list[str]] = {}
        for name, value in pairs:
            if value.strip():
                given.setdefault(name, []).append(value.strip())
        return cls(
            _last(given, "queue"),
            tuple(given.get("id", ())),
            tuple(given.get("media_type", ())),
            tuple(given.get("error", ())),
            tuple(given.get("reason", ())),
            tuple(given.get("task", ())),
            _last(given, "older_than"),
            tuple(given.get("where", ())),
            _limit(_last(given, "limit")),
        )

    def filter(self) -> LetterFilter:
        """The filter. Raises ConfigurationError if a value is not valid."""
        return LetterFilter(
            self.ids,
            self.media_types,
            self.errors,
            self.reasons,
            self.tasks,
            parse_duration(self.older_than) if self.older_than else None,
            [FieldFilter.parse(where) for where in self.wheres],
        )

    def url(self, queues: Mapping[str, str]) -> str:
        """The URL of the source queue. Raises ConfigurationError if the dashboard has no such queue."""
        if self.queue not in queues:
            raise ConfigurationError(f"the dashboard has no queue {self.queue!r}")
        return queues[self.queue]

    def pairs(self) -> list[tuple[str, str]]:
        """Names and values, for the address of a page or the hidden fields of a form."""
        several = {
            "id": self.ids,
            "media_type": self.media_types,
            "error": self.errors,
            "reason": self.reasons,
            "task": self.tasks,
            "where": self.wheres,
        }
        found = [("queue", self.queue), *((name, value) for name in several for value in several[name])]
        if self.older_than:
            found.append(("older_than", self.older_than))
        if self.limit != DEFAULT_LIMIT:
            found.append(("limit", str(self.limit)))
        return found

    def kind_address(self, kind: FailureKind) -> str:
        """The query string for the letters of one kind, within this query."""
        narrowed = replace(
            self,
            reasons=(kind.reason,),
            errors=(kind.error_type,) if kind.error_type else self.errors,
            tasks=(kind.task,) if kind.task else self.tasks,
            media_types=(kind.media_type,) if kind.media_type else self.media_types,
        )
        return urlencode(narrowed.pairs())

    def letter_address(self, message_id: str) -> str:
        """The query string for one letter."""
        return urlencode([("queue", self.queue), ("id", message_id)])


def _last(given: Mapping[str, list[str]], name: str) -> str:
    return given.get(name, [""])[-1]


def _limit(text: str) -> int:
    if not text:
        return DEFAULT_LIMIT
    digits = text.lstrip("0")
    is_number = text.isascii() and text.isdecimal() and 1 <= len(digits) <= len(str(MAX_LIMIT))
    if not is_number or int(digits) > MAX_LIMIT:
        raise ConfigurationError(f"limit {text!r} is not valid: give a number from 1 to {MAX_LIMIT:,}")
    return int(digits)
