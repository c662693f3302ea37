"""Option types for numbers within bounds."""

from math import isfinite
from typing import Any

import click


class WholeRange(click.IntRange):
    """A `click.IntRange` whose errors ask for a whole number, where click's ask for an "integer range"."""

    name = "whole number"


class FiniteRange(click.FloatRange):
    """A `click.FloatRange` that accepts neither `nan` nor infinity."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number
