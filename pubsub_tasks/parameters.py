"""Parameters: which schema field goes to which parameter of a task. Checked when the task is declared."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self, get_args

from .codecs import Codec
from .delivery import Delivery
from .errors import ConfigurationError

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Names of fields that a function takes, of the parameters that want the delivery, and `**kwargs`."""

    fields: tuple[str, ...]
    deliveries: tuple[str, ...]
    rest: bool

    @classmethod
    def of(cls, function: Callable[..., Any], codec: Codec) -> Self:
        """Read them from the signature. Raises ConfigurationError for what no message could satisfy."""
        fields: list[str] = []
        deliveries: list[str] = []
        rest = False
        for parameter in _signature(function).parameters.values():
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                rest = True
            elif parameter.kind not in _NAMED:
                raise _error(function, codec, f"takes {parameter}, but fields are given by name")
            elif _wants_delivery(parameter.annotation):
                deliveries.append(parameter.name)
            else:
                _check(function, codec, parameter)
                fields.append(parameter.name)
        return cls(tuple(fields), tuple(deliveries), rest)

    def bind(self, content: Mapping[str, Any], delivery: Delivery) -> dict[str, Any]:
        """The keyword arguments for a call."""
        if self.rest:
            bound = dict(content)
        else:
            bound = {name: content[name] for name in self.fields if name in content}
        for name in self.deliveries:
            bound[name] = delivery
        return bound


def _check(function: Callable[..., Any], codec: Codec, parameter: inspect.Parameter) -> None:
    name, has_default = parameter.name, parameter.default is not inspect.Parameter.empty
    if name not in codec.field_names:
        raise _error(function, codec, f"takes {name!r}, which is no field of it")
    if name in codec.optional_without_default and not has_default:
        raise _error(
            function,
            codec,
            f"takes {name!r} without a default, but messages may lack it: "
            "give the parameter a default, or the field required=True or load_default",
        )


def _wants_delivery(annotation: object) -> bool:
    if isinstance(annotation, str):  # one that could not be evaluated
        named = (part.strip(" '\"").rpartition(".")[2] for part in annotation.split("|"))
        return Delivery.__name__ in named
    return annotation is Delivery or Delivery in get_args(annotation)


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(function, eval_str=True)
    except Exception:  # an annotation that names what is not importable here; then it is compared as text
        return inspect.signature(function)


def _error(function: Callable[..., Any], codec: Codec, problem: str) -> ConfigurationError:
    name = getattr(function, "__qualname__", repr(function))
    schema = type(codec.schema).__name__
    return ConfigurationError(
        f"task {name} of {schema} {problem} (fields: {', '.join(sorted(codec.field_names))})"
    )
