"""Loads and dumps content by one schema: by a plan where that does the same, else by marshmallow."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from marshmallow import EXCLUDE, Schema

from .copying import copy_value, dump_may_edit, dump_may_find_methods, load_may_share
from .plans.dump_plan import DumpPlan
from .plans.load_plan import LoadPlan
from .unknown_fields import NestedNames, declared_unknown, tolerant


class Conversion:
    """How one schema loads and dumps. Safe to share between threads.

    Attributes:
        schema: the schema instance in use.
        unknown: what becomes of unknown names when loading: `raise`, `include` or `exclude`.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.unknown = declared_unknown(schema) or EXCLUDE

    def load(self, fields: Mapping[str, Any]) -> Any:
        """Load content from a body's fields, which are not changed. Raises what the schema raises."""
        loaded = self.load_plan.convert(fields)
        if loaded is not None:
            return loaded
        return self._reader.load(copy_value(fields) if self._shares else fields, unknown=self.unknown)

    def dump(self, content: object) -> dict[str, Any]:
        """Return content dumped. Raises what the schema raises."""
        dumped = self.dump_plan.convert(content)
        if dumped is None:
            # Copied for each dump, since fields may be added to the schema at any time.
            schema = tolerant(self.schema) if self._may_dump_methods else self.schema
            dumped = schema.dump(content)
        return dumped

    # Made on first use: a nested schema may be named before it is declared.

    @cached_property
    def load_plan(self) -> LoadPlan:
        """The plan to load by."""
        return LoadPlan(self._reader, self.unknown)

    @cached_property
    def dump_plan(self) -> DumpPlan:
        """The plan to dump by."""
        return DumpPlan(self.schema)

    @cached_property
    def names(self) -> NestedNames:
        """The names that nested schemas declare."""
        return NestedNames(self.schema)

    @cached_property
    def edits_dumped(self) -> bool:
        """Whether dumping may edit what is dumped."""
        return dump_may_edit(self.schema)

    @cached_property
    def _may_dump_methods(self) -> bool:
        return dump_may_find_methods(self.schema)

    @cached_property
    def _reader(self) -> Schema:
        return tolerant(self.schema)

    @cached_property
    def _shares(self) -> bool:
        return load_may_share(self.schema)
