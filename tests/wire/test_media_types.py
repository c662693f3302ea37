import inflection
import pytest

from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.wire.media_types import (
    MAX_TOPIC_NAME,
    MediaType,
    changed,
    created,
    deleted,
    matches,
    media_type_of,
    topic_name,
)


class FooBar:
    pass


class Renamed:
    __alias__ = "BazQux"


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        (created("foo"), "application/vnd.globality.pubsub._.created.foo"),
        (created("foo", public=True), "application/vnd.globality.pubsub.created.foo"),
        (created("foo", organization="example"), "application/vnd.example.pubsub._.created.foo"),
        (created("FooBar.ThisThat"), "application/vnd.globality.pubsub._.created.foo_bar.this_that"),
        (created("*"), "application/vnd.globality.pubsub._.created.*"),
        (changed(FooBar), "application/vnd.globality.pubsub._.changed.foo_bar"),
        (changed(FooBar()), "application/vnd.globality.pubsub._.changed.foo_bar"),
        (deleted(Renamed), "application/vnd.globality.pubsub._.deleted.baz_qux"),
    ],
)
def test_media_types_are_those_of_microcosm_pubsub(media_type: str, expected: str) -> None:
    assert media_type == expected


@pytest.mark.parametrize(
    "name", ["Foo", "FooBar", "HTTPResponse", "foo-bar", "Area51Controller", "ABC", "already_so", "aB"]
)
def test_resource_names_are_converted_to_snake_case(name: str) -> None:
    assert created(name).rpartition(".")[2] == inflection.underscore(name)


@pytest.mark.parametrize("resource", ["", "a b", "a/b"])
def test_a_resource_name_that_makes_an_invalid_media_type_is_refused(resource: str) -> None:
    with pytest.raises(ConfigurationError, match="does not follow the media type convention"):
        created(resource)


def test_a_media_type_is_parsed_and_formatted() -> None:
    # Given
    private = "application/vnd.shop.pubsub._.created.order.line"
    public = "application/vnd.shop.pubsub.changed.order"

    # Then
    assert MediaType.parse(private) == MediaType("shop", "created", "order.line")
    assert MediaType.parse(public) == MediaType("shop", "changed", "order", public=True)
    assert str(MediaType.parse(private)) == private
    assert str(MediaType.parse(public)) == public


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "application/json",
        "application/vnd.shop.pubsub.created",
        "application/vnd.shop.pubsub._.created",
        "application/vnd.shop.pubsub._.created.",
        "application/vnd.shop.pubsub._.created.order\n",
    ],
)
def test_text_outside_the_convention_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        MediaType.parse(text)

    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "media_type", "expected"),
    [
        ("a.created.foo", "a.created.foo", True),
        ("a.created.foo", "a.created.bar", False),
        ("a.created.*", "a.created.foo", True),
        ("a.created.*", "a.created.*", True),
        ("a.created.*", "a.created.foo.bar", False),
        ("a.created.*", "a.created.", False),
        ("a.created.*", "a.created", False),
        ("a.*.foo", "a.created.foo", False),
        ("a.created.f*", "a.created.foo", False),
        ("*", "a", False),
    ],
)
def test_a_trailing_star_matches_one_segment(pattern: str, media_type: str, expected: bool) -> None:
    assert matches(pattern, media_type) is expected


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        (created("foo_bar"), "application_2fvnd-globality-pubsub-__-created-foo__bar"),
        ("application/vnd.x+json", "application_2fvnd-x_2bjson"),
        ("a-b", "a_2db"),
        ("é", "_c3_a9"),
    ],
)
def test_topic_names_round_trip_and_are_readable(media_type: str, name: str) -> None:
    assert topic_name(media_type) == name
    assert media_type_of(name) == media_type


def test_a_topic_name_has_at_most_256_characters() -> None:
    assert len(topic_name("a" * MAX_TOPIC_NAME)) == MAX_TOPIC_NAME
    with pytest.raises(ConfigurationError, match="would have 257 characters"):
        topic_name("_" + "a" * (MAX_TOPIC_NAME - 1))


@pytest.mark.parametrize("media_type", ["", "\ud800"])
def test_empty_and_invalid_text_cannot_name_a_topic(media_type: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot name a topic"):
        topic_name(media_type)


@pytest.mark.parametrize("name", ["", "a.b", "_2", "_2F", "_61", "_2e", "_5f", "_ff", "_c3", "orders.fifo"])
def test_other_topic_names_do_not_decode_to_a_media_type(name: str) -> None:
    with pytest.raises(ConfigurationError, match="does not encode a media type"):
        media_type_of(name)
