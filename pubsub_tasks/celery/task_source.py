"""Writes the schemas and tasks that a Celery app's tasks become, as Python source to start from."""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from inspect import Parameter
from keyword import iskeyword
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin
from uuid import UUID

from ..tasks.signature import evaluated_signature
from .annotated_fields import FieldSpec
from .app_task import CeleryAppTask

LINE_LENGTH = 88
"""Characters of a line. Source: the default of Black and ruff."""

_IMPORTED = ("fields", "schema", "task")
"""Names in the source that no task may have."""

_PLAIN = (str, int, float, bool, NoneType)


@dataclass(slots=True)
class Imports:
    """The imports of the source that is being written."""

    modules: set[str] = field(default_factory=set)
    tenacity: set[str] = field(default_factory=set)

    def dotted(self, named: type) -> str:
        """Return how a class is written, and import its module."""
        if named.__module__ == "builtins":
            return named.__qualname__
        self.modules.add(named.__module__)
        return f"{named.__module__}.{named.__qualname__}"

    def lines(self) -> list[str]:
        """Return the import statements, the standard library's first."""
        standard = [f"import {each}" for each in sorted(self.modules) if _is_standard(each)]
        others = [f"import {each}" for each in sorted(self.modules) if not _is_standard(each)]
        lines = [*standard, ""] if standard else []
        lines += [*others, "from marshmallow import fields"]
        lines.append("from pubsub_tasks import PubSubMessageSchema, schema, task")
        return lines + (_import_line("tenacity", sorted(self.tenacity)) if self.tenacity else [])


def write_source(app: str, tasks: Iterable[CeleryAppTask]) -> str:
    """Return a module with a schema and a task for each of these tasks that can be moved."""
    imports = Imports()
    moved = [task for task in tasks if not task.problems]
    named = zip(moved, _function_names([task.name for task in moved]), strict=True)
    blocks = [_block(task, function, imports) for task, function in named]
    header = [f'"""Tasks of {app}, moved from Celery."""', "", *imports.lines()]
    return "\n".join(header) + "\n" + "".join(f"\n\n{block}" for block in blocks)


def _function_names(tasks: Sequence[str]) -> list[str]:
    """Return a function's name for each task: the last part of its own, or all of it if others have that."""
    last_parts = [_identifier(name.rpartition(".")[2]) for name in tasks]
    counts = Counter(last_parts)
    return [
        part if counts[part] == 1 else _identifier(name) for name, part in zip(tasks, last_parts, strict=True)
    ]


def _identifier(name: str) -> str:
    """Return a name as Python allows it."""
    words = re.sub(r"\W", "_", name)
    allowed = words.isidentifier() and not iskeyword(words) and words not in _IMPORTED
    return words if allowed else f"task_{words}"


def _block(task: CeleryAppTask, function: str, imports: Imports) -> str:
    schema = "".join(part[:1].upper() + part[1:] for part in function.split("_"))
    schema = schema if schema.isidentifier() else f"Task{schema}"
    media_type = f"application/vnd.{task.name.partition('.')[0]}.pubsub._.requested.{function}"
    lines = ["@schema", f"class {schema}(PubSubMessageSchema):", f"    MEDIA_TYPE = {_text(media_type)}"]
    lines += [""] if task.fields else []
    for name, spec in task.fields.items():
        lines += _wrapped(f"{name} = {spec.kind}", _field_arguments(spec, imports), "    ")
    lines += ["", "", "@task("]
    lines += [_argument_line(argument) for argument in _task_arguments(task, schema, imports)]
    lines += [")"]
    lines += _wrapped(f"def {function}", _parameters(task, imports), "", " -> None:")
    lines += [f"    raise NotImplementedError({_text(f'move the body of {task.name} here')})", ""]
    return "\n".join(lines)


def _argument_line(argument: str) -> str:
    line = f"    {argument},"
    return line if len(line) <= LINE_LENGTH else line.replace(" & ", "\n    & ")


def _task_arguments(task: CeleryAppTask, schema: str, imports: Imports) -> list[str]:
    options = task.options
    arguments = [schema, f"queue={_text(task.queue)}", f"celery={_text(task.name)}"]
    if options.max_retries is None:
        arguments.append("stop=stop_never")
    else:
        arguments.append(f"stop=stop_after_attempt({options.max_retries + 1})")
    arguments += [f"wait={_wait(task)}", f"retry={_retry(task, imports)}"]
    if options.timeout is not None:
        arguments.append(f"timeout={options.timeout!r}")
    for argument in arguments:
        imports.tenacity.update(re.findall(r"\b(?:stop|wait|retry)_\w+", argument.partition("=")[2]))
    return arguments


def _wait(task: CeleryAppTask) -> str:
    options = task.options
    if not options.retry_backoff:
        return f"wait_fixed({options.default_retry_delay!r})"
    kind = "wait_random_exponential" if options.retry_jitter else "wait_exponential"
    return f"{kind}(multiplier={float(options.retry_backoff)!r}, max={options.retry_backoff_max!r})"


def _retry(task: CeleryAppTask, imports: Imports) -> str:
    # A task that retries itself asks for it by a signal, whatever this says.
    names = [imports.dotted(error) for error in task.options.autoretry_for]
    if not names:
        return "retry_never"
    retried = f"retry_if_exception_type({_one_or_all(names)})"
    excepted = [imports.dotted(error) for error in task.options.dont_autoretry_for]
    return f"{retried} & retry_if_not_exception_type({_one_or_all(excepted)})" if excepted else retried


def _one_or_all(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def _field_arguments(spec: FieldSpec, imports: Imports) -> list[str]:
    inner = [f"{each.kind}({', '.join(_field_arguments(each, imports))})" for each in spec.inner]
    if spec.kind == "fields.Dict":
        inner = [f"{name}={each}" for name, each in zip(("keys", "values"), inner, strict=False)]
    return inner + [f"{name}={_value(value, imports)}" for name, value in spec.arguments.items()]


def _parameters(task: CeleryAppTask, imports: Imports) -> list[str]:
    parameters = evaluated_signature(task.function).parameters.values()
    written = [_parameter(parameter, imports) for parameter in parameters]
    by_name = sum(parameter.kind is Parameter.KEYWORD_ONLY for parameter in parameters)
    return [*written[:-by_name], "*", *written[-by_name:]] if by_name else written


def _parameter(parameter: Parameter, imports: Imports) -> str:
    text = f"{parameter.name}: {_annotation(parameter.annotation, imports)}"
    if parameter.default is Parameter.empty:
        return text
    return f"{text} = {_value(parameter.default, imports)}"


def _annotation(annotation: Any, imports: Imports) -> str:
    """Return the source of an annotation. One that has no name is `object`."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return " | ".join(_annotation(each, imports) for each in args)
    if origin is not None and isinstance(origin, type):
        inner = ", ".join("..." if each is Ellipsis else _annotation(each, imports) for each in args)
        return f"{imports.dotted(origin)}[{inner}]"
    if annotation is NoneType:
        return "None"
    if annotation is Parameter.empty or not isinstance(annotation, type):
        return "object"
    return imports.dotted(annotation)


def _value(value: object, imports: Imports) -> str:
    """Return the source of a default or an argument."""
    if isinstance(value, type):
        return imports.dotted(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Decimal | UUID):
        return f"{imports.dotted(type(value))}({_text(str(value))})"
    if type(value) in _PLAIN:
        return repr(value)
    if isinstance(value, Enum):
        return f"{imports.dotted(type(value))}.{value.name}"
    if isinstance(value, list):
        return f"[{', '.join(_value(each, imports) for each in value)}]"
    if isinstance(value, tuple):
        return f"({', '.join(_value(each, imports) for each in value)}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_value(k, imports)}: {_value(v, imports)}' for k, v in value.items())}}}"
    return "..."


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def _import_line(module: str, names: Sequence[str]) -> list[str]:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= LINE_LENGTH:
        return [line]
    return [f"from {module} import (", *[f"    {name}," for name in names], ")"]


def _text(value: str) -> str:
    return '"' + repr(value + '"')[1:-2].replace("\\'", "'").replace('"', '\\"') + '"'


def _wrapped(head: str, arguments: Sequence[str], indent: str, tail: str = "") -> list[str]:
    """Return a call or signature on one line if it fits, else with a line for each argument."""
    line = f"{indent}{head}({', '.join(arguments)}){tail}"
    if len(line) <= LINE_LENGTH:
        return [line]
    return [f"{indent}{head}(", *[f"{indent}    {each}," for each in arguments], f"{indent}){tail}"]
