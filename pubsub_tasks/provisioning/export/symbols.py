"""Stands in for an account and region that are not known when a template is written."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..resources import Kind, Place, Resource

_PARTITION, _REGION, _ACCOUNT = "@PARTITION@", "@REGION@", "@ACCOUNT@"

ANY_PLACE = Place(_REGION, _ACCOUNT, _PARTITION, f"https://sqs.{_REGION}.amazonaws.com/{_ACCOUNT}/")
"""A place whose parts a template's own language fills in."""


def replaced(text: str, partition: str, region: str, account: str) -> str:
    """The text with the parts of `ANY_PLACE` replaced."""
    for symbol, value in ((_PARTITION, partition), (_REGION, region), (_ACCOUNT, account)):
        text = text.replace(symbol, value)
    return text


def each_text(value: Any, change: Callable[[str], Any]) -> Any:
    """A JSON value with each text in it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: each_text(inner, change) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [each_text(inner, change) for inner in value]
    return value


def not_expressible(resources: Iterable[Resource], kinds: frozenset[Kind]) -> Iterator[str]:
    """What a template cannot have, one line each."""
    for resource in resources:
        if resource.key.kind in kinds:
            yield f"{resource.key} is left to apply: a template would replace what others have there"
        if resource.key.kind == "topic" and "MaximumMessageSize" in resource.properties:
            yield f"MaximumMessageSize of {resource.key} is left to apply: templates have no such property"
