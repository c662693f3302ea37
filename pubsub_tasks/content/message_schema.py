"""The base classes of message schemas."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform

from marshmallow import Schema, missing
from marshmallow.fields import Field

from ..errors import ConfigurationError
from ..wire.compression import MAX_EXPANDED


class PubSubMessageSchema(Schema):
    """Base class of schemas. Declare marshmallow fields, and `MEDIA_TYPE` or `deserialize_media_type`."""

    MEDIA_TYPE: ClassVar[str]

    ATTRIBUTES: ClassVar[Sequence[str]] = ()
    """Names of fields that are also sent as message attributes, for filter policies."""

    CONTENT_TYPE: ClassVar[str] = "json"
    """How content is serialized: `json`, `msgpack`, `yaml` or another of kombu's serializers; not pickle."""

    COMPRESSION: ClassVar[str | None] = None
    """How a message over `COMPRESS_OVER` is compressed: `gzip`, `bzip2`, `lzma`, `zstd` or None."""

    COMPRESS_OVER: ClassVar[int] = 8192
    """Bytes of a message over which it is compressed."""

    MAX_BODY_SIZE: ClassVar[int] = MAX_EXPANDED
    """Bytes that a message's body may have before it is compressed or goes to S3: at least 16 MiB."""

    CLOUD_EVENT: ClassVar[str | None] = None
    """How messages are CloudEvents: `structured`, `binary` with attributes for the context, or None."""

    CLOUD_EVENT_SOURCE: ClassVar[str] = ""
    """The `source` of CloudEvents: a URI reference, such as `/shop/orders`."""

    if TYPE_CHECKING:
        # What a schema is made with stands for what is published with it: see `TypedMessageSchema`. Without
        # annotations nothing is known of that.
        def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        if cls.CLOUD_EVENT is None:
            return
        if cls.CLOUD_EVENT not in ("structured", "binary") or not cls.CLOUD_EVENT_SOURCE:
            raise ConfigurationError(
                f"{cls.__name__} has CLOUD_EVENT={cls.CLOUD_EVENT!r}: give structured or binary, and a "
                "CLOUD_EVENT_SOURCE"
            )
        if cls.CONTENT_TYPE != "json":
            raise ConfigurationError(f"{cls.__name__} is written as CloudEvents, whose content is JSON")

    def deserialize_media_type(self, obj: Any) -> str:
        """The media type. `obj` is None; the parameter is microcosm-pubsub's."""
        return self.MEDIA_TYPE


def required(field: "Field[Any]") -> Any:
    """Declare a field of a `TypedMessageSchema` that each message must have.

    Raises ConfigurationError if the field has a `load_default`.
    """
    if field.load_default is not missing:
        raise ConfigurationError(f"{field!r} is required and has a load_default: use optional(...) for it")
    field.required = True
    return field


def optional(field: "Field[Any]") -> Any:
    """Declare a field of a `TypedMessageSchema` that a message may lack.

    Raises ConfigurationError if the field has `required=True`.
    """
    if field.required:
        raise ConfigurationError(f"{field!r} is optional and has required=True: use required(...) for it")
    return field


@dataclass_transform(kw_only_default=True, field_specifiers=(required,))
class TypedMessageSchema(PubSubMessageSchema):
    """Base class of schemas whose fields type checkers and editors know when a message is published.

    Annotate each field with what publishers may give, and declare it by `required(...)` or `optional(...)`:

        order_id: UUID | str = required(fields.UUID())

    For a checker, what is published is what the class is called with. Code that is checked should not call it
    for other purposes. Raises ConfigurationError for a field without an annotation, which no checker knows.
    """

    if not TYPE_CHECKING:

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            annotated = {name for cls in type(self).__mro__ for name in vars(cls).get("__annotations__", ())}
            if unknown := self._declared_fields.keys() - annotated:
                raise ConfigurationError(
                    f"{type(self).__name__} does not annotate {', '.join(sorted(unknown))}: write what "
                    f"publishers may give, as in `{min(unknown)}: str = required(fields.String())`"
                )
