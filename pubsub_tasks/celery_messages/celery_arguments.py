"""Turn the arguments of a Celery task message into the fields of a schema."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..content.codec import Codec
from ..content.unknown_fields import content_name
from ..errors import InvalidContent


def fields_of_arguments(
    codec: Codec, parameters: Sequence[str], arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the fields that the schema loads, from `args` and `kwargs`.

    Positional arguments go to `parameters` in their order.

    Raises InvalidContent without a list `args` and an object `kwargs`, for more positional arguments than
    parameters, and for an argument that is given both by position and by name.
    """
    args, kwargs = arguments.get("args"), arguments.get("kwargs")
    if not (isinstance(args, list) and isinstance(kwargs, dict)):
        raise InvalidContent(codec.media_type, {"_schema": ["This is not a message of Celery."]})
    if len(args) > len(parameters):
        raise InvalidContent(
            codec.media_type,
            {"args": [f"There are {len(args)} positional arguments for {len(parameters)} parameters."]},
        )
    positional = dict(zip(parameters, args, strict=False))
    if twice := sorted(positional.keys() & kwargs.keys()):
        raise InvalidContent(codec.media_type, {name: ["Given by position and by name."] for name in twice})
    names = {
        content_name(name, field): field.data_key or name for name, field in codec.schema.load_fields.items()
    }
    return {names.get(name, name): value for name, value in {**positional, **kwargs}.items()}
