"""Options as a caller writes them."""

from datetime import timedelta
from uuid import UUID

import pytest

from pubsub_tasks.errors import ConfigurationError, InvalidContent
from pubsub_tasks.messages.publish_options import PublishOptions, by
from pubsub_tasks.wire.records import Attribute


def test_plain_values_become_attributes_by_their_type():
    options = PublishOptions.of(
        attributes={"tier": "gold", "weight": 2.5, "digest": b"\x00", "kind": Attribute("X", "y")}
    )

    assert options.attributes == {
        "tier": Attribute("String", "gold"),
        "weight": Attribute("Number", "2.5"),
        "digest": Attribute("Binary", b"\x00"),
        "kind": Attribute("X", "y"),
    }


@pytest.mark.parametrize("value", [True, None, ["a"], object()])
def test_what_no_attribute_can_carry_is_refused(value):
    with pytest.raises(ConfigurationError, match="attribute tier="):
        PublishOptions.of(attributes={"tier": value})


@pytest.mark.parametrize(("given", "seconds"), [(30, 30), (timedelta(minutes=2), 120.0), (None, None)])
def test_expiry_is_in_seconds_from_now(given, seconds):
    assert PublishOptions.of(expires=given).expires == seconds


@pytest.mark.parametrize("given", [0, -1, timedelta(seconds=-1), "5", True])
def test_an_expiry_that_is_not_in_the_future_is_refused(given):
    with pytest.raises(ConfigurationError, match=r"expires=.* seconds from now"):
        PublishOptions.of(expires=given)


def test_an_unknown_option_is_refused_and_the_known_ones_are_listed():
    with pytest.raises(ConfigurationError, match=r"no such option: group; there are .*group_id"):
        PublishOptions.of(group="customer-7")


def test_without_options_nothing_is_set():
    assert PublishOptions.of() == PublishOptions()


def test_options_may_be_changed_one_by_one():
    first = PublishOptions.of(group_id="g", expires=60)

    assert first.having(group_id="h") == PublishOptions(group_id="h", expires=60)
    assert first.having(expires=None) == PublishOptions(group_id="g")


def test_an_id_is_made_from_content():
    assert by("customer_id").of("order", {"customer_id": UUID(int=7)}) == str(UUID(int=7))
    assert by("a", "b").of("order", {"a": 1, "b": "x"}) == '["1","x"]'
    assert by("a", "b").of("order", {"a": "x,y", "b": "z"}) != by("a", "b").of(
        "order", {"a": "x", "b": "y,z"}
    )


@pytest.mark.parametrize("value", ["two words", "é", "x" * 129, ""])
def test_an_id_that_sqs_would_reject_is_hashed(value):
    made = by("name").of("order", {"name": value})

    assert made == by("name").of("order", {"name": value})
    assert len(made) == 64
    assert made.isalnum()


@pytest.mark.parametrize("content", [{}, {"customer_id": None}])
def test_content_without_the_value_is_invalid(content):
    with pytest.raises(InvalidContent, match=r"customer_id: .*Needed for the message.s group"):
        by("customer_id").of("order", content)


@pytest.mark.parametrize("fields", [(), (7,)])
def test_by_takes_field_names(fields):
    with pytest.raises(ConfigurationError, match="give names of fields"):
        by(*fields)


@pytest.mark.parametrize("value", ["two words", "", "x" * 129, 7])
def test_a_fixed_id_that_sqs_would_reject_is_refused(value):
    with pytest.raises(ConfigurationError, match="is no message group or deduplication id"):
        PublishOptions.of(group_id=value)


def test_headers_are_text():
    with pytest.raises(ConfigurationError, match="'retries' is not"):
        PublishOptions.of(headers={"retries": 3, "tenant": "t-1"})


@pytest.mark.parametrize("name", ["media_type", "content_type", "content_encoding", "x-resent"])
def test_reserved_attributes_are_refused(name):
    with pytest.raises(ConfigurationError, match=f"attribute {name} is written by the library itself"):
        PublishOptions.of(attributes={name: "x", "tier": "gold"})


@pytest.mark.parametrize("given", [-1, "5", float("nan"), float("inf"), True])
def test_an_invalid_delay_is_refused(given):
    with pytest.raises(ConfigurationError, match=r"delay=.* seconds from now"):
        PublishOptions.of(delay=given)
