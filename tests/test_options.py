"""Options as a caller writes them."""

from datetime import timedelta

import pytest

from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.options import Options
from pubsub_tasks.wire import Attribute


def test_plain_values_become_attributes_by_their_type():
    options = Options.of(
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
        Options.of(attributes={"tier": value})


@pytest.mark.parametrize(("given", "seconds"), [(30, 30), (timedelta(minutes=2), 120.0), (None, None)])
def test_expiry_is_in_seconds_from_now(given, seconds):
    assert Options.of(expires=given).expires == seconds


@pytest.mark.parametrize("given", [0, -1, timedelta(seconds=-1)])
def test_what_would_have_expired_already_is_refused(given):
    with pytest.raises(ConfigurationError, match="has passed already"):
        Options.of(expires=given)


def test_an_unknown_option_is_told_with_those_there_are():
    with pytest.raises(ConfigurationError, match=r"no such option: group; there are .*group_id"):
        Options.of(group="customer-7")


def test_without_any_nothing_is_set():
    assert Options.of() == Options()
