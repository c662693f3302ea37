"""How the fields of a schema are passed to the parameters of a task, checked when the task is declared."""

import inspect
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple, Self, get_args, get_type_hints

from ..content.codec import Codec
from ..content.post_load_objects import by_field_name
from ..errors import ConfigurationError
from ..messages.delivery import Delivery

_NO_CLASS = (inspect.Parameter.empty, type(None), object, Any)
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class TaskSignature(NamedTuple):
    """The parameters of a task's function.

    Attributes:
        fields: parameters that take a field.
        deliveries: parameters that take the delivery.
        rest: whether it takes `**kwargs`.
        names: all fields of the schema.
        classes: by parameter, the classes in its annotation; one may be the class that `post_load` makes.
    """

    fields: tuple[str, ...]
    deliveries: tuple[str, ...]
    rest: bool
    names: frozenset[str]
    classes: Mapping[str, tuple[object, ...]]

    @classmethod
    def of(cls, function: Callable[..., Any], codec: Codec) -> Self:
        """Read a function's signature. Raises ConfigurationError for a parameter that cannot be filled."""
        fields: list[str] = []
        deliveries: list[str] = []
        rest = False
        classes: dict[str, tuple[object, ...]] = {}
        for parameter in evaluated_signature(function).parameters.values():
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                rest = True
            elif parameter.kind not in _NAMED:
                raise _error(function, codec, f"takes {parameter}, but fields are given by name")
            elif _wants_delivery(parameter.annotation):
                deliveries.append(parameter.name)
            else:
                if codec.makes_objects and (named := _classes(parameter.annotation)):
                    classes[parameter.name] = named
                if not _takes_object(codec, parameter, classes.get(parameter.name, ())):
                    _check(function, codec, parameter)
                fields.append(parameter.name)
        return cls(tuple(fields), tuple(deliveries), rest, codec.field_names, classes)

    def bind(self, content: Any, delivery: Delivery) -> dict[str, Any]:
        """Return the keyword arguments for a call.

        An object is passed whole to parameters annotated with its class, and its attributes to others.
        """
        if self.classes or not isinstance(content, (dict, Mapping)):  # a dict is the quicker to recognise
            bound = self._bind_object(content)
        elif self.rest:
            bound = dict(content)
        else:
            bound = {name: content[name] for name in self.fields if name in content}
        for name in self.deliveries:
            bound[name] = delivery
        return bound

    def _bind_object(self, content: Any) -> dict[str, Any]:
        whole = {name: content for name, named in self.classes.items() if _is_one_of(content, named)}
        wanted = self.names.union(self.fields) if self.rest else self.fields
        found = by_field_name(content, wanted)
        names = found if self.rest else [name for name in wanted if name in found]
        return {**{name: found[name] for name in names}, **whole}


def _classes(annotation: object) -> tuple[object, ...]:
    """Return the classes in an annotation, such as `Order` in `Order | None`; names if it is a string."""
    if isinstance(annotation, str):  # it could not be evaluated
        return tuple(part.strip(" '\"").rpartition(".")[2] for part in annotation.split("|"))
    named = get_args(annotation) or (annotation,)
    return tuple(each for each in named if isinstance(each, type) and each not in _NO_CLASS)


def _is_one_of(content: object, classes: tuple[object, ...]) -> bool:
    return any(each in classes or each.__name__ in classes for each in _ancestry(type(content)))


def _ancestry(cls: type) -> list[type]:
    return [each for each in cls.__mro__ if each is not object]


def _takes_object(codec: Codec, parameter: inspect.Parameter, classes: tuple[object, ...]) -> bool:
    """Whether the parameter takes the object that `post_load` makes, or one of its attributes."""
    made = codec.object_class
    if made is None or issubclass(made, Mapping):
        return bool(classes) and parameter.name not in codec.field_names
    return any(each in classes or each.__name__ in classes for each in _ancestry(made)) or (
        hasattr(made, parameter.name) or parameter.name in inspect.get_annotations(made)
    )


def _check(function: Callable[..., Any], codec: Codec, parameter: inspect.Parameter) -> None:
    name, has_default = parameter.name, parameter.default is not inspect.Parameter.empty
    if name not in codec.field_names:
        advice = f"; for the delivery write {name}: Delivery" if name == "delivery" else ""
        raise _error(function, codec, f"takes {name!r}, which is no field of it{advice}")
    if name in codec.optional_without_default and not has_default:
        raise _error(
            function,
            codec,
            f"takes {name!r} without a default, but messages may lack it: "
            "give the parameter a default, or the field required=True or load_default",
        )


def _wants_delivery(annotation: object) -> bool:
    if isinstance(annotation, str):  # it could not be evaluated
        named = (part.strip(" '\"").rpartition(".")[2] for part in annotation.split("|"))
        return Delivery.__name__ in named
    return annotation is Delivery or Delivery in get_args(annotation)


def evaluated_signature(function: Callable[..., Any]) -> inspect.Signature:
    """Return a function's signature. An annotation that is or has text is evaluated, if it can be.

    Those of `from __future__ import annotations` are text, and some name what only type checkers import.
    """
    try:
        return _with_types(inspect.signature(function, eval_str=True), function)
    except Exception:
        return _with_types(inspect.signature(function), function)


def _with_types(signature: inspect.Signature, function: Callable[..., Any]) -> inspect.Signature:
    names = getattr(inspect.unwrap(function), "__globals__", {})
    parameters = [
        each.replace(annotation=_type(each.annotation, names)) for each in signature.parameters.values()
    ]
    return signature.replace(parameters=parameters)


def _type(annotation: Any, names: dict[str, Any]) -> Any:
    only = SimpleNamespace(__annotations__={"only": annotation})
    try:
        return get_type_hints(only, names, include_extras=True)["only"]
    except Exception:  # what cannot be evaluated here is compared as text
        return annotation


def _error(function: Callable[..., Any], codec: Codec, problem: str) -> ConfigurationError:
    name = getattr(function, "__qualname__", repr(function))
    schema = type(codec.schema).__name__
    return ConfigurationError(
        f"task {name} of {schema} {problem} (fields: {', '.join(sorted(codec.field_names))})"
    )
