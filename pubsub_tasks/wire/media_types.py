"""Media types: how they are named, matched and written as topic names. Knows no schema and no service.

Any text may be a schema's media type. The convention is microcosm-pubsub's, where `pubsub._` says private:
`application/vnd.{organization}.{pubsub|pubsub._}.{change}.{resource}`.
"""

import re
from dataclasses import dataclass
from typing import Self

from ..errors import ConfigurationError

ORGANIZATION = "globality"
"""Who names media types unless told otherwise. Source: microcosm-pubsub's `make_media_type`."""

MAX_TOPIC_NAME = 256
"""Characters of `[A-Za-z0-9_-]` in a topic name. Source: SNS API reference, CreateTopic."""

_CONVENTION = re.compile(
    r"application/vnd\.(?P<organization>[^\s/]+?)\.pubsub(?P<private>\._)?"
    r"\.(?P<change>[a-z][a-z0-9]*)\.(?P<resource>[^\s/]+)"
)
_ACRONYM_END = re.compile(r"([A-Z]+)([A-Z][a-z])")
_WORD_END = re.compile(r"([a-z\d])([A-Z])")
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_ESCAPE = re.compile(r"_(?:_|([0-9a-f]{2}))|-")
_TOPIC_NAME = re.compile(r"(?:[A-Za-z0-9-]|_(?:_|[0-9a-f]{2}))+")


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type of the convention, in parts; `change` is created, changed, deleted or another verb."""

    organization: str
    change: str
    resource: str
    public: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ConfigurationError where the text does not follow the convention."""
        found = _CONVENTION.fullmatch(text)
        if not found:
            raise ConfigurationError(
                f"{text!r} is no media type of the convention: expected "
                "application/vnd.ORGANIZATION.pubsub._.CHANGE.RESOURCE (or pubsub without ._ when public)"
            )
        return cls(found["organization"], found["change"], found["resource"], public=not found["private"])

    def __str__(self) -> str:
        channel = "pubsub" if self.public else "pubsub._"
        return f"application/vnd.{self.organization}.{channel}.{self.change}.{self.resource}"


def created(resource: object, organization: str = ORGANIZATION, public: bool = False) -> str:
    """Media type that says: this resource (a class, or a name, or `"*"`) was created."""
    return _announce("created", resource, organization, public)


def changed(resource: object, organization: str = ORGANIZATION, public: bool = False) -> str:
    """Media type that says: this resource (a class, or a name, or `"*"`) was changed."""
    return _announce("changed", resource, organization, public)


def deleted(resource: object, organization: str = ORGANIZATION, public: bool = False) -> str:
    """Media type that says: this resource (a class, or a name, or `"*"`) was deleted."""
    return _announce("deleted", resource, organization, public)


def matches(pattern: str, media_type: str) -> bool:
    """Whether they are equal, or the pattern's trailing `.*` stands for one last segment."""
    return pattern == media_type or (not media_type.endswith(".") and pattern == wildcard(media_type))


def wildcard(media_type: str) -> str:
    """The pattern that stands for a media type and its neighbours: its last segment is `*`."""
    return f"{media_type.rpartition('.')[0]}.*"


def topic_name(media_type: str) -> str:
    """Write a media type as a topic name; `media_type_of` reads it back.

    Letters and digits stay, a dot is `-`, an underscore is `__`, and any other byte of UTF-8 is `_` and two
    hexadecimal digits: no two media types share a name. Raises ConfigurationError over 256 characters.
    """
    try:
        name = "".join(_written(character) for character in media_type)
    except UnicodeEncodeError as error:
        raise ConfigurationError(f"{media_type!r} cannot name a topic: it is not valid text") from error
    if not 1 <= len(name) <= MAX_TOPIC_NAME:
        raise ConfigurationError(
            f"{media_type!r} cannot name a topic: its name would have {len(name)} characters and "
            f"SNS allows 1 to {MAX_TOPIC_NAME}; shorten it, or map it to an ARN in sns_topic_arns"
        )
    return name


def media_type_of(topic_name: str) -> str:
    """Read back what `topic_name` wrote. Raises ConfigurationError for any other name."""
    if _TOPIC_NAME.fullmatch(topic_name):
        written = re.sub(_ESCAPE, _read, topic_name).encode("latin-1")
        media_type = written.decode("utf-8", "replace")
        if "".join(_written(character) for character in media_type) == topic_name:
            return media_type
    raise ConfigurationError(f"{topic_name!r} is no topic name that encodes a media type")


def _announce(change: str, resource: object, organization: str, public: bool) -> str:
    return str(MediaType.parse(str(MediaType(organization, change, _name(resource), public))))


def _name(resource: object) -> str:
    if isinstance(resource, str):
        return _underscored(resource)
    described = resource if isinstance(resource, type) else type(resource)
    return _underscored(getattr(described, "__alias__", described.__name__))


def _underscored(word: str) -> str:
    """As microcosm-pubsub's naming has it, which is `inflection.underscore`."""
    word = _ACRONYM_END.sub(r"\1_\2", word)
    return _WORD_END.sub(r"\1_\2", word).replace("-", "_").lower()


def _written(character: str) -> str:
    if character in _PLAIN:
        return character
    if character == ".":
        return "-"
    if character == "_":
        return "__"
    return "".join(f"_{byte:02x}" for byte in character.encode())


def _read(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    return "." if escape[0] == "-" else "_"
