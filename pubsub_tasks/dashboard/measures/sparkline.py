"""Small charts of the last hour: the points of an SVG line, and block characters for a terminal. No I/O."""

from collections.abc import Sequence

WIDTH, HEIGHT = 120, 24
_BLOCKS = "▁▂▃▄▅▆▇█"


def svg_lines(values: Sequence[float | None]) -> list[str]:
    """The `points` of polylines, one for each stretch of known values. The top is the highest value."""
    top = max((value for value in values if value is not None), default=0) or 1
    step = WIDTH / max(1, len(values) - 1)
    lines: list[list[str]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            lines.append([])
        else:
            x, y = index * step, HEIGHT - 1 - value / top * (HEIGHT - 2)
            lines[-1].append(f"{x:.1f},{y:.1f}")
    return [" ".join(line if len(line) > 1 else [*line, _dot(line[0])]) for line in lines if line]


def blocks(values: Sequence[float | None], width: int) -> str:
    """The last `width` values as block characters; a blank where nothing is known."""
    shown = values[-width:]
    top = max((value for value in shown if value is not None), default=0)
    return "".join(" " if value is None else _block(value, top) for value in shown)


def _dot(point: str) -> str:
    """A second point next to the first: a line of one point is not drawn."""
    x, _, y = point.partition(",")
    return f"{float(x) + 0.5:.1f},{y}"


def _block(value: float, top: float) -> str:
    return _BLOCKS[round(value / top * (len(_BLOCKS) - 1))] if top else _BLOCKS[0]
