"""An option type for finite numbers."""

from math import isfinite
from typing import Any

import click


class FiniteRange(click.FloatRange):
    """A `click.FloatRange` that accepts neither `nan` nor infinity."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number
