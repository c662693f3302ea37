"""What was published, as a list that tests compare and search. Failures show all that was published."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from marshmallow import Schema

from ..content.codec import Codec
from ..content.post_load_objects import by_field_name
from ..errors import PubSubTasksError
from ..tasks.task import Task
from ..wire.media_types import matches
from ..wire.records import MEDIA_TYPE, OPAQUE_DATA, Attribute

What = type[Schema] | Task[..., Any] | str
"""What messages may be looked up by: their schema, a task that handles them, or a media type."""

_NOT_CONTENT = (MEDIA_TYPE, OPAQUE_DATA)


@dataclass(frozen=True, slots=True)
class PublishedMessage:
    """A message that a topic or queue accepted.

    Attributes:
        media_type: its media type.
        content: as a handler receives it: a mapping, or the object that the schema's `post_load` makes.
        fields: the content in the body, in JSON types.
        headers: text by name.
        attributes: message attributes.
        id: the message id, which `publish` returned.
        group: the message group, or None.
        delay: seconds that it waits on its queue before it may be handled.
        destination: ARN of the topic or, for a delayed task, URL of the queue.
        schema_name: name of its schema; the media type if no schema is known.
    """

    media_type: str
    content: Any
    fields: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    attributes: Mapping[str, Attribute] = field(repr=False)
    id: str = field(repr=False)
    group: str | None
    delay: float
    destination: str
    schema_name: str

    @property
    def uri(self) -> Any:
        """The URI in its content, as messages about resources have; None if there is none."""
        return self.fields.get("uri")

    def __repr__(self) -> str:
        extra = [f"group {self.group!r}"] if self.group is not None else []
        extra += [f"delayed {self.delay:g} s"] if self.delay else []
        content = _shown(self.content) if isinstance(self.content, Mapping) else repr(self.content)
        return f"{self.schema_name}({content})" + "".join(f" [{each}]" for each in extra)


class ExpectedMessage:
    """Equal to each published message of a schema, task or media type that has this content, among other.

    Values are compared as a handler receives them, and as the body has them: `"9.99"` and `Decimal("9.99")`
    match the same Decimal field. Raises TypeError for names that are no fields of the schema.
    """

    __hash__ = None  # type: ignore[assignment]  # it equals many different messages

    def __init__(self, what: What | None, content: Mapping[str, Any]) -> None:
        self._codec = _codec_of(what)
        self._media_type = self._codec.media_type if self._codec else _media_type_of(what)
        self._content = content
        if self._codec and (unknown := content.keys() - self._codec.field_names):
            raise TypeError(
                f"{type(self._codec.schema).__name__} has no field {', '.join(sorted(unknown))} "
                f"(fields: {', '.join(sorted(self._codec.field_names))})"
            )

    def __repr__(self) -> str:
        name = type(self._codec.schema).__name__ if self._codec else self._media_type or "message"
        return f"{name}({_shown(self._content)})"

    def __eq__(self, message: object) -> bool:
        if not isinstance(message, PublishedMessage):
            return NotImplemented
        if self._media_type is not None and not matches(self._media_type, message.media_type):
            return False
        loaded = self._loaded(message)
        return all(self._has(name, value, loaded, message.fields) for name, value in self._content.items())

    def _loaded(self, message: PublishedMessage) -> Mapping[str, Any]:
        content = message.content
        if self._codec is not None:
            try:
                content = self._codec.load(message.fields)
            except PubSubTasksError:  # of a schema with the same media type and other fields
                return {}
        return by_field_name(content, self._content)

    def _has(self, name: str, value: Any, loaded: Mapping[str, Any], written: Mapping[str, Any]) -> bool:
        if name in loaded and value == loaded[name]:
            return True
        if self._codec is None:
            return name in written and bool(value == written[name])
        wire_name = self._codec.schema.fields[name].data_key or name
        return wire_name in written and written[wire_name] in (value, self._dumped(name, wire_name, value))

    def _dumped(self, name: str, wire_name: str, value: object) -> object:
        """The value as a body has it; an object that equals nothing if it cannot be written."""
        assert self._codec is not None
        try:
            return self._codec.conversion.dump({name: value})[wire_name]
        except Exception:  # a field may raise anything for a value of the wrong type
            return object()


def message(what: What | None = None, /, **content: Any) -> ExpectedMessage:
    """An expectation to compare published messages with: `published == [message(OrderPlaced, order_id=7)]`.

    Content that is not named may have any value. Raises TypeError for names that are no fields.
    """
    return ExpectedMessage(what, content)


class PublishedMessages(list[PublishedMessage]):
    """A list of published messages. Calling it returns those that match; `clear` forgets them."""

    def __init__(self, messages: Iterable[PublishedMessage] = (), missing: str = "") -> None:
        super().__init__(messages)
        self._missing = missing

    def __repr__(self) -> str:
        return super().__repr__() if self or not self._missing else f"<{self._missing}>"

    def __call__(self, what: What | None = None, /, **content: Any) -> "PublishedMessages":
        """The messages of this schema, task or media type that have this content. Raises TypeError."""
        wanted = message(what, **content)
        found = [each for each in self if each == wanted]
        return PublishedMessages(found, f"no {wanted} among {super().__repr__()}")

    def first(self, what: What | None = None, /, **content: Any) -> PublishedMessage:
        """The first that matches. Raises AssertionError if none does."""
        __tracebackhide__ = True
        found = self(what, **content)
        if not found:
            self._fail(f"no {message(what, **content)} was published")
        return found[0]

    def only(self, what: What | None = None, /, **content: Any) -> PublishedMessage:
        """The one that matches. Raises AssertionError if none or several do."""
        __tracebackhide__ = True
        found = self(what, **content)
        if len(found) > 1:
            self._fail(f"{len(found)} messages match {message(what, **content)}")
        return self.first(what, **content)

    def none(self, what: What | None = None, /, **content: Any) -> None:
        """Raises AssertionError if a message matches."""
        __tracebackhide__ = True
        if self(what, **content):
            self._fail(f"expected no {message(what, **content)}")

    def in_order(self, *expected: "What | ExpectedMessage") -> None:
        """Raises AssertionError unless exactly these messages were published, in this order."""
        __tracebackhide__ = True
        wanted = [_expectation(each) for each in expected]
        if list(self) != wanted:
            self._fail(f"expected, in this order:{_listed(wanted)}\n")

    def in_any_order(self, *expected: "What | ExpectedMessage") -> None:
        """Raises AssertionError unless exactly these messages were published, in any order."""
        __tracebackhide__ = True
        wanted = [_expectation(each) for each in expected]
        if len(wanted) != len(self) or not _can_pair(wanted, self):
            self._fail(f"expected, in any order:{_listed(wanted)}\n")

    def _fail(self, problem: str) -> NoReturn:
        __tracebackhide__ = True
        separator = "" if problem.endswith("\n") else "; "
        raise AssertionError(f"{problem}{separator}published:{_listed(self)}")


def _codec_of(what: What | None) -> Codec | None:
    if isinstance(what, Task):
        return what.codec
    return Codec(what) if isinstance(what, type) else None


def _media_type_of(what: What | None) -> str | None:
    return what.media_type if isinstance(what, Task) else what if isinstance(what, str) else None


def _expectation(given: What | ExpectedMessage) -> ExpectedMessage:
    return given if isinstance(given, ExpectedMessage) else message(given)


def _listed(messages: Sequence[object]) -> str:
    lines = [f"\n  {number}. {each!r}" for number, each in enumerate(messages, 1)]
    return "".join(lines) or " nothing"


def _can_pair(wanted: Sequence[ExpectedMessage], found: Sequence[PublishedMessage]) -> bool:
    """Whether each expectation can have a message of its own. One may match several (augmenting paths)."""
    taken: dict[int, int] = {}

    def place(expected: int, tried: set[int]) -> bool:
        for index, each in enumerate(found):
            if index not in tried and each == wanted[expected]:
                tried.add(index)
                if index not in taken or place(taken[index], tried):
                    taken[index] = expected
                    return True
        return False

    return all(place(expected, set()) for expected in range(len(wanted)))


def _shown(content: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in content.items() if name not in _NOT_CONTENT)
