"""Name and match media types, and convert them to and from topic names.

A schema's media type may be any text. The convention is microcosm-pubsub's, in which `pubsub._` marks a
private media type: `application/vnd.{organization}.{pubsub|pubsub._}.{change}.{resource}`.
"""

import re
from typing import NamedTuple, Self

from ..errors import ConfigurationError

ORGANIZATION = "globality"
"""The default organization. Source: microcosm-pubsub's `make_media_type`."""

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


class MediaType(NamedTuple):
    """The parts of a media type that follows the convention.

    Attributes:
        organization: such as `globality`.
        change: `created`, `changed`, `deleted` or another verb.
        resource: what changed, such as `order`.
        public: False for a media type with `pubsub._`.
    """

    organization: str
    change: str
    resource: str
    public: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Split a media type into its parts. Raises ConfigurationError if it breaks the convention."""
        found = _CONVENTION.fullmatch(text)
        if not found:
            raise ConfigurationError(
                f"{text!r} does not follow the media type convention: expected "
                "application/vnd.ORGANIZATION.pubsub._.CHANGE.RESOURCE (or pubsub without ._ when public)"
            )
        return cls(found["organization"], found["change"], found["resource"], public=not found["private"])

    def __str__(self) -> str:
        channel = "pubsub" if self.public else "pubsub._"
        return f"application/vnd.{self.organization}.{channel}.{self.change}.{self.resource}"


def created(resource: object, organization: str = ORGANIZATION, public: bool = False) -> str:
    """Return the media type for the creation of a resource (a class, an instance, a name or `"*"`).

    Raises ConfigurationError if the name does not make a valid media type.
    """
    return _lifecycle("created", resource, organization, public)


def changed(resource: object, organization: str = ORGANIZATION, public: bool = False) -> str:
    """Return the media type for a change of a resource; see `created`."""
    return _lifecycle("changed", resource, organization, public)


def deleted(resource: object, organization: str = ORGANIZATION, public: bool = False) -> str:
    """Return the media type for the deletion of a resource; see `created`."""
    return _lifecycle("deleted", resource, organization, public)


def matches(pattern: str, media_type: str) -> bool:
    """Whether the pattern equals the media type, or its trailing `.*` stands for the last segment."""
    return pattern == media_type or (not media_type.endswith(".") and pattern == wildcard(media_type))


def wildcard(media_type: str) -> str:
    """Return the media type with `*` as its last segment."""
    return f"{media_type.rpartition('.')[0]}.*"


def topic_name(media_type: str) -> str:
    """Encode a media type as a topic name; `media_type_of` decodes it.

    Letters and digits stay, a dot becomes `-`, an underscore `__`, and any other UTF-8 byte `_` and two
    hexadecimal digits, so that no two media types share a name. Raises ConfigurationError if the name would
    be empty or longer than 256 characters, or if the media type contains lone surrogates.
    """
    try:
        name = "".join(_encode(character) for character in media_type)
    except UnicodeEncodeError as error:
        raise ConfigurationError(f"{media_type!r} cannot name a topic: it is not valid text") from error
    if not 1 <= len(name) <= MAX_TOPIC_NAME:
        raise ConfigurationError(
            f"{media_type!r} cannot name a topic: its name would have {len(name)} characters and "
            f"SNS allows 1 to {MAX_TOPIC_NAME}; shorten it, or map it to an ARN in sns_topic_arns"
        )
    return name


def media_type_of(topic_name: str) -> str:
    """Decode what `topic_name` returned. Raises ConfigurationError for any other name."""
    if _TOPIC_NAME.fullmatch(topic_name):
        encoded = re.sub(_ESCAPE, _decode_escape, topic_name).encode("latin-1")
        media_type = encoded.decode("utf-8", "replace")
        if "".join(_encode(character) for character in media_type) == topic_name:
            return media_type
    raise ConfigurationError(f"the topic name {topic_name!r} does not encode a media type")


def _lifecycle(change: str, resource: object, organization: str, public: bool) -> str:
    return str(MediaType.parse(str(MediaType(organization, change, _name(resource), public))))


def _name(resource: object) -> str:
    if isinstance(resource, str):
        return _underscore(resource)
    cls = resource if isinstance(resource, type) else type(resource)
    return _underscore(getattr(cls, "__alias__", cls.__name__))


def _underscore(word: str) -> str:
    """Convert CamelCase to snake_case like `inflection.underscore`, which microcosm-pubsub uses."""
    word = _ACRONYM_END.sub(r"\1_\2", word)
    return _WORD_END.sub(r"\1_\2", word).replace("-", "_").lower()


def _encode(character: str) -> str:
    if character in _PLAIN:
        return character
    if character == ".":
        return "-"
    if character == "_":
        return "__"
    return "".join(f"_{byte:02x}" for byte in character.encode())


def _decode_escape(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    return "." if escape[0] == "-" else "_"
