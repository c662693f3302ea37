"""Content on the command line: `field=text` and `field:=json`, a JSON document, or lines of JSON."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

import click

from ...content.content_reader import json_object
from ...errors import DecodeError


def is_assignment(argument: str) -> bool:
    """Whether an argument is `field=text` or `field:=json`."""
    return "=" in argument


def parse_assignments(arguments: Iterable[str]) -> dict[str, Any]:
    """The fields of `field=text` and `field:=json`. Raises UsageError."""
    fields: dict[str, Any] = {}
    for argument in arguments:
        name, sign, value = argument.partition("=")
        if not sign or not name.strip(":"):
            raise click.UsageError(
                f"{argument!r} is neither a file nor field=value; for numbers, lists and objects as JSON, "
                "write field:=value"
            )
        if name.rstrip(":") in fields:
            raise click.UsageError(f"{name.rstrip(':')} is given twice")
        if name.endswith(":"):
            fields[name[:-1]] = _json(value, argument)
        else:
            fields[name] = value
    return fields


def read_document(file: BinaryIO) -> Mapping[str, Any]:
    """The JSON object that is the whole of a file. Raises UsageError."""
    try:
        return json_object(file.read())
    except DecodeError as error:
        raise click.UsageError(f"--json: {error}") from error


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"{where}: not JSON: {error}") from error
