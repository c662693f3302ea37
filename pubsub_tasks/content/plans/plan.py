"""What load and dump plans have in common: they may be refused, outdated, or surprised by content."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields
from marshmallow.fields import Field

from ..unknown_fields import FreshDefault
from .refusal import PlanRefused
from .snapshot import Snapshot

Convert = Callable[[Any], Any]
"""Reads or writes a value that is not None. Raises any exception if marshmallow has to."""

PLAIN = frozenset({str, int, float, bool, bytes, datetime, date, time, timedelta, Decimal, UUID})
"""Types of values whose methods are not the application's."""

_MAKERS = frozenset({bool, bytes, dict, float, int, list, set, str, tuple})
"""Default values that are functions and may be called twice."""

_DEEPEST = 16
"""Levels of nested schemas in a plan. A schema that nests itself has more."""


class Surprise(Exception):
    """What a plan does not cover: the schema itself has to load or dump."""


class Plan(ABC):
    """How content is converted by one schema.

    Attributes:
        refusal: why marshmallow must convert all content; None if this plan converts what is ordinary.
    """

    refusal: str | None = None

    def __init__(self, schema: Schema) -> None:
        self._watched: list[object] = []
        try:
            if schema.many:
                raise PlanRefused(f"{type(schema).__name__} is for many at once")
            self._convert = self.schema(schema, ())
            self._snapshot = Snapshot(self._watched)
        except PlanRefused as refusal:
            self.refusal = str(refusal)
        except Exception as error:  # a nested schema that cannot be found, a field that was never bound
            self.refusal = f"{type(schema).__name__} cannot be examined: {type(error).__name__}: {error}"

    def convert(self, content: object) -> dict[str, Any] | None:
        """Return the content converted, or None if marshmallow has to do it."""
        if self.refusal is not None:
            return None
        try:
            if self._snapshot.is_current():
                converted: dict[str, Any] = self._convert(content)
                return converted
        except Exception:  # marshmallow tells what is wrong with the content
            return None
        self.refusal = "the schema or one of its fields was changed after its first use"
        return None

    @abstractmethod
    def schema(self, schema: Schema, path: tuple[str, ...]) -> Convert:
        """Return a function that converts content of a schema. Raises PlanRefused."""

    @abstractmethod
    def value(self, field: "Field[Any]", path: tuple[str, ...]) -> Convert:
        """Return a function that converts values of a field. Raises PlanRefused."""

    def watch(self, *watched: object) -> None:
        """Give up once one of these schemas or fields has other attributes than now."""
        self._watched += watched

    def of_dict(self, field: "fields.Dict", path: tuple[str, ...], unknown: Convert) -> Convert:
        """Return a function that converts dicts. `unknown` is for values of which no field is given."""
        key = self.value(field.key_field, path) if field.key_field else _same
        value = self.value(field.value_field, path) if field.value_field else unknown

        def convert(content: Any) -> Any:
            if type(content) is not dict:
                raise Surprise
            return {key(name): value(each) for name, each in content.items()}

        return convert


def check_depth(path: tuple[str, ...]) -> None:
    """Raise PlanRefused if schemas are nested too deeply, as by one that nests itself."""
    if len(path) > _DEEPEST:
        raise PlanRefused(f"{'.'.join(path[:3])}... nests schemas without end")


def default(value: Any) -> Any:
    """Return a field's default value. Raises Surprise if it is a function that may not be called twice."""
    if not callable(value):
        return value
    if value not in _MAKERS and type(value) is not FreshDefault:
        raise Surprise
    return value()


def of_list(item: Convert) -> Convert:
    """Return a function that converts the items of lists."""

    def convert(content: Any) -> Any:
        if type(content) is not list:
            raise Surprise
        return [item(each) for each in content]

    return convert


def of_tuple(items: list[Convert], *types: type) -> Convert:
    """Return a function that makes tuples of collections of these types, of as many items."""

    def convert(content: Any) -> Any:
        if type(content) not in types:
            raise Surprise
        return tuple([item(each) for item, each in zip(items, content, strict=True)])

    return convert


def only(types: frozenset[type], method: Callable[..., Any]) -> Convert:
    """Return a function that calls a field's own method, for values of some types."""

    def convert(value: Any) -> Any:
        if type(value) not in types:
            raise Surprise
        return method(value, None, None)

    return convert


def _same(value: Any) -> Any:
    return value
