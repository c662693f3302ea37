"""Metric families as lines of the DogStatsD protocol, and lines as datagrams."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..metrics.families import Family, Labels

Values = dict[tuple[str, Labels], float]
"""Values by the names of samples and their labels."""

_UNSAFE = re.compile(r"[\s,|#@]+")


def cumulative_values(families: Iterable[Family]) -> Values:
    """The values that only grow."""
    return {
        (name, labels): value
        for each in families
        if each.is_cumulative
        for name, labels, value in each.samples
    }


def statsd_lines(
    families: Sequence[Family], before: Mapping[tuple[str, Labels], float], process: str | None
) -> Iterator[str]:
    """One line for each gauge, and for each counter that has grown since the values of `before`.

    Gauges of several processes are told apart by a tag with the name of this process.
    """
    for key, value in cumulative_values(families).items():
        grown = value - before.get(key, 0)
        if grown > 0:
            yield _line(*key, grown, "c")
    tag = (("process", process),) if process else ()
    for each in families:
        if not each.is_cumulative:
            for name, labels, value in each.samples:
                yield _line(name, (*labels, *tag), value, "g")


def values_after(
    families: Sequence[Family], before: Mapping[tuple[str, Labels], float], lines: int
) -> Values:
    """The values that a server knows which knew `before` and got the first `lines` of `statsd_lines`."""
    now = cumulative_values(families)
    grown = [key for key, value in now.items() if value > before.get(key, 0)]
    return {**before, **{key: now[key] for key in grown[:lines]}}


def datagrams(lines: Iterable[str], limit: int) -> Iterator[bytes]:
    """Join lines to datagrams of up to `limit` bytes. A longer line has one of its own."""
    joined = b""
    for line in lines:
        encoded = line.encode()
        if joined and len(joined) + 1 + len(encoded) > limit:
            yield joined
            joined = b""
        joined = joined + b"\n" + encoded if joined else encoded
    if joined:
        yield joined


def _line(name: str, labels: Labels, value: float, kind: str) -> str:
    tags = ",".join(f"{label}:{_UNSAFE.sub('_', text)}" for label, text in labels)
    number = f"{round(value, 6):.6f}".rstrip("0").rstrip(".")
    return f"{name.replace('_tasks_', '_tasks.', 1)}:{number}|{kind}" + (f"|#{tags}" if tags else "")
