"""Numbers: the ranges of options, beyond which a value is a mistake."""

from math import isfinite
from typing import Any

import click


class FiniteRange(click.FloatRange):
    """A number that is neither `nan` nor infinite."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not isfinite(number):
            self.fail(f"{value!r} is no finite number.", param, ctx)
        return number
