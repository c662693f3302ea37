"""PyHamcrest matchers of what was published, under microcosm-pubsub's names. Needs the extra `hamcrest`.

    assert_that(pubsub, published(has_media_type(created("order"))))

They match the test kit, its list of messages, and the producer of an object graph that is under test.
"""

from collections.abc import Sequence
from typing import Any

from ..errors import MissingExtra
from .open_apps import find_open
from .published_messages import ExpectedMessage, PublishedMessages, What, message
from .pubsub import PubSub

try:
    from hamcrest import has_entries, not_none
    from hamcrest.core.base_matcher import BaseMatcher
    from hamcrest.core.description import Description
    from hamcrest.core.helpers.wrap_matcher import wrap_matcher
    from hamcrest.core.matcher import Matcher
    from hamcrest.library.collection.issequence_containinginanyorder import contains_inanyorder
    from hamcrest.library.collection.issequence_containinginorder import contains_exactly
    from hamcrest.library.object.hasproperty import IsObjectWithProperty
except ImportError as error:
    raise MissingExtra("pubsub_tasks.testing.matchers", "hamcrest") from error


class PublishedMatcher(BaseMatcher[Any]):
    """Matches if exactly these messages were published."""

    def __init__(self, messages: Matcher[Sequence[Any]], what: str) -> None:
        self._messages = messages
        self._what = what

    def matches(self, item: Any, mismatch_description: Description | None = None) -> bool:
        found = _published_by(item)
        if found is None:
            if mismatch_description is not None:
                mismatch_description.append_text("was ").append_description_of(item)
                mismatch_description.append_text(", which is no app under test")
            return False
        is_match = self._messages.matches(list(found), mismatch_description)
        if not is_match and mismatch_description is not None:
            mismatch_description.append_text(f"; published: {found!r}")
        return is_match

    def describe_mismatch(self, item: Any, mismatch_description: Description) -> None:
        self.matches(item, mismatch_description)

    def describe_to(self, description: Description) -> None:
        description.append_text(f"published {self._what}").append_description_of(self._messages)


class PublishedMessageMatcher(IsObjectWithProperty):
    """Matches a message by one property."""

    def describe_to(self, description: Description) -> None:
        description.append_text(f"a message with a {self.property_name} matching ")
        description.append_description_of(self.value_matcher)


def published(*messages: Any) -> Matcher[Any]:
    """Matches if exactly these were published, in this order: matchers, schemas or `message(...)`."""
    return PublishedMatcher(contains_exactly(*map(_matcher, messages)), "in order ")


def published_inanyorder(*messages: Any) -> Matcher[Any]:
    """Matches if exactly these were published, in any order."""
    return PublishedMatcher(contains_inanyorder(*map(_matcher, messages)), "")


def published_nothing() -> Matcher[Any]:
    """Matches if nothing was published."""
    return PublishedMatcher(contains_exactly(), "nothing: ")


def has_media_type(match: Any = None) -> Matcher[Any]:
    """Matches a message with this media type, or with any."""
    return PublishedMessageMatcher("media_type", _value(match))


def has_uri(match: Any = None) -> Matcher[Any]:
    """Matches a message about the resource with this URI, or with any."""
    return PublishedMessageMatcher("uri", _value(match))


def has_content(**content: Any) -> Matcher[Any]:
    """Matches a message whose content, as a handler receives it, has these values, among other."""
    matchers = {name: wrap_matcher(value) for name, value in content.items()}
    return PublishedMessageMatcher("content", has_entries(matchers))


def _value(match: Any) -> Matcher[Any]:
    return not_none() if match is None else wrap_matcher(match)


def _matcher(given: Matcher[Any] | What | ExpectedMessage) -> Matcher[Any]:
    is_plain = isinstance(given, Matcher | ExpectedMessage)
    return wrap_matcher(given if is_plain else message(given))  # type: ignore[arg-type]


def _published_by(item: object) -> PublishedMessages | None:
    if isinstance(item, PubSub):
        return item.published
    if isinstance(item, list):
        return PublishedMessages(item)
    found = find_open(lambda app: app.producer is item)
    return None if found is None else found.published
