from concurrent.futures import ThreadPoolExecutor

import pytest
from marshmallow import fields

from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.content.schema_registry import (
    ChangedURIMessageSchema,
    IdentityMessageSchema,
    SchemaRegistry,
    URIMessageSchema,
)
from pubsub_tasks.errors import ConfigurationError, InvalidContent, UnknownMediaType
from pubsub_tasks.wire.media_types import changed, created, deleted


class Sent(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.sent"

    parcel = fields.String(required=True)


class Twin(PubSubMessageSchema):
    MEDIA_TYPE = Sent.MEDIA_TYPE

    parcel = fields.String(required=True)


class Rival(PubSubMessageSchema):
    MEDIA_TYPE = Sent.MEDIA_TYPE

    parcel = fields.Integer(required=True)


class AnyCreated(PubSubMessageSchema):
    MEDIA_TYPE = created("*")

    name = fields.String(required=True)


def test_a_registered_schema_is_returned_and_found() -> None:
    schemas = SchemaRegistry()

    assert schemas.register(Sent) is Sent
    assert isinstance(schemas.find(Sent.MEDIA_TYPE).schema, Sent)
    assert schemas.media_types() == [Sent.MEDIA_TYPE]


def test_finding_makes_nothing_anew() -> None:
    schemas = SchemaRegistry()
    schemas.register(Sent)

    assert schemas.find(Sent.MEDIA_TYPE) is schemas.find(Sent.MEDIA_TYPE)


@pytest.mark.parametrize("again", [Sent, Twin])
def test_the_same_may_be_registered_again(again: type[PubSubMessageSchema]) -> None:
    # Given
    schemas = SchemaRegistry()
    schemas.register(Sent)
    codec = schemas.find(Sent.MEDIA_TYPE)

    # When
    schemas.register(again)

    # Then
    assert schemas.find(Sent.MEDIA_TYPE) is codec


def test_one_media_type_cannot_have_two_meanings() -> None:
    # Given
    schemas = SchemaRegistry()
    schemas.register(Sent)

    # When
    with pytest.raises(ConfigurationError) as caught:
        schemas.register(Rival)

    # Then
    assert f"{__name__}.Sent" in str(caught.value)
    assert f"{__name__}.Rival" in str(caught.value)
    assert isinstance(schemas.find(Sent.MEDIA_TYPE).schema, Sent)


def test_an_unknown_media_type_is_told_with_its_neighbours() -> None:
    # Given
    schemas = SchemaRegistry()
    schemas.register(Sent)

    # Then
    with pytest.raises(UnknownMediaType, match=r"did you mean application/vnd\.shop\.sent\?"):
        schemas.find("application/vnd.shop.snet")
    with pytest.raises(UnknownMediaType, match="declare one with @schema"):
        schemas.find("nothing-like-it")


def test_an_endless_media_type_is_told_in_short() -> None:
    # Given
    class Long(PubSubMessageSchema):
        MEDIA_TYPE = "x" * 300

    schemas = SchemaRegistry()
    schemas.register(Long)

    # When
    with pytest.raises(UnknownMediaType) as caught:
        schemas.find("x" * 301)

    # Then
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("media_type", "schema", "content"),
    [
        (created("foo"), URIMessageSchema, {"uri": "u"}),
        (created("foo", organization="other", public=True), URIMessageSchema, {"uri": "u"}),
        (changed("foo"), ChangedURIMessageSchema, {"uri": "u", "field_name": "a", "new_value": "b"}),
        (changed("foo"), ChangedURIMessageSchema, {"uri": "u"}),
        (deleted("foo"), IdentityMessageSchema, {"id": "1"}),
    ],
)
def test_lifecycles_have_a_convention(
    media_type: str, schema: type[PubSubMessageSchema], content: dict[str, str]
) -> None:
    codec = SchemaRegistry().find(media_type)

    assert type(codec.schema) is schema
    assert codec.media_type == media_type
    assert codec.load(codec.dump(content)) == content
    with pytest.raises(InvalidContent):
        codec.load({})


def test_a_registered_schema_goes_before_the_convention() -> None:
    # Given
    class Custom(URIMessageSchema):
        MEDIA_TYPE = created("foo")
        colour = fields.String()

    schemas = SchemaRegistry()
    schemas.register(Custom)

    # Then
    assert schemas.find(created("foo")).field_names == {"uri", "colour"}
    assert schemas.find(created("bar")).field_names == {"uri"}


def test_a_wildcard_serves_its_neighbours_under_their_own_names() -> None:
    # Given
    schemas = SchemaRegistry()
    schemas.register(AnyCreated)

    # When
    codec = schemas.find(created("foo"))

    # Then
    assert isinstance(codec.schema, AnyCreated)
    assert codec.media_type == created("foo")
    assert codec.schema is schemas.find(created("bar")).schema


def test_strangers_media_types_are_not_kept() -> None:
    """Or whoever can send to a queue could fill our memory."""
    schemas = SchemaRegistry()

    for number in range(100):
        schemas.find(created(f"foo{number}"))

    assert schemas.media_types() == []


def test_it_is_read_from_many_threads() -> None:
    # Given
    schemas = SchemaRegistry()
    schemas.register(Sent)

    # When
    def load(number: int) -> dict[str, str]:
        return schemas.find(Sent.MEDIA_TYPE).load({"parcel": str(number)})

    with ThreadPoolExecutor(8) as threads:
        loaded = list(threads.map(load, range(500)))

    # Then
    assert loaded == [{"parcel": str(number)} for number in range(500)]
