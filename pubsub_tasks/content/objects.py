"""Objects: what a schema's `post_load` hook makes of content, such as a dataclass."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, get_origin

from marshmallow import Schema

from ..errors import InvalidContent
from .nesting import POST_LOAD


def post_load_class(schema: Schema) -> type | None:
    """The class that `post_load` says it returns; None where it says none, or there is no such hook."""
    for name, *_ in schema._hooks.get(POST_LOAD, ()):
        try:
            told = inspect.signature(getattr(schema, name), eval_str=True).return_annotation
        except Exception:  # an annotation that names what is not importable here
            continue
        cls = get_origin(told) or told
        if isinstance(cls, type) and cls not in (inspect.Parameter.empty, object, Any):
            return cls
    return None


def by_field_name(loaded: Any, names: Iterable[str]) -> Mapping[str, Any]:
    """Loaded content by field name: a mapping as it is, of an object the attributes that it has."""
    if isinstance(loaded, Mapping):
        return loaded
    return {name: getattr(loaded, name) for name in names if hasattr(loaded, name)}


def check_class(media_type: str, given: object, loaded: object) -> None:
    """Raise InvalidContent where an object is published whose class is not the one that loading makes."""
    if not isinstance(given, type(loaded)):
        wrong = f"Expected {type(loaded).__name__}, not {type(given).__name__}."
        raise InvalidContent(media_type, {"_schema": [wrong]})
