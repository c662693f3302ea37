"""Content as objects that a schema's `post_load` hook makes, such as dataclass instances."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, get_origin

from marshmallow import Schema

from ..errors import InvalidContent
from .unknown_fields import POST_LOAD


def post_load_class(schema: Schema) -> type | None:
    """Return the class in the return annotation of `post_load`; None without an annotation or a hook."""
    for name, *_ in schema._hooks.get(POST_LOAD, ()):
        try:
            annotation = inspect.signature(getattr(schema, name), eval_str=True).return_annotation
        except Exception:  # an annotation that cannot be evaluated here
            continue
        cls = get_origin(annotation) or annotation
        if isinstance(cls, type) and cls not in (inspect.Parameter.empty, object, Any):
            return cls
    return None


def by_field_name(loaded: Any, names: Iterable[str]) -> Mapping[str, Any]:
    """Return loaded content by field name: a mapping itself, or the attributes of an object."""
    if isinstance(loaded, Mapping):
        return loaded
    return {name: getattr(loaded, name) for name in names if hasattr(loaded, name)}


def check_class(media_type: str, given: object, loaded: object) -> None:
    """Raise InvalidContent if a published object is not of the class that loading makes."""
    if not isinstance(given, type(loaded)):
        wrong = f"Expected {type(loaded).__name__}, not {type(given).__name__}."
        raise InvalidContent(media_type, {"_schema": [wrong]})
