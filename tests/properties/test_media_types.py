import re

from hypothesis import given
from hypothesis import strategies as st

from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.wire.media_types import MAX_TOPIC_NAME, MediaType, media_type_of, topic_name

anything = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
likely = st.text(st.sampled_from("ab/.-_+09é"), min_size=1, max_size=64)
words = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)


@given(st.one_of(anything, likely))
def test_a_topic_name_is_read_back(media_type: str) -> None:
    """Which says, too, that no two media types share a topic."""
    name = topic_name(media_type)

    assert media_type_of(name) == media_type
    assert re.fullmatch(r"[A-Za-z0-9_-]+", name)
    assert len(name) <= MAX_TOPIC_NAME


@given(st.text(st.sampled_from("aA0-_2fe.c39"), max_size=12))
def test_a_topic_name_is_refused_or_is_the_only_one_for_what_it_encodes(name: str) -> None:
    try:
        media_type = media_type_of(name)
    except ConfigurationError:
        return
    assert topic_name(media_type) == name


@given(
    st.lists(words, min_size=1, max_size=2).map(".".join),
    st.from_regex(r"[a-z]{1,8}", fullmatch=True),
    st.lists(words, min_size=1, max_size=3).map(".".join),
    st.booleans(),
)
def test_a_media_type_is_read_back(organization: str, change: str, resource: str, public: bool) -> None:
    media_type = MediaType(organization, change, resource, public)

    assert str(MediaType.parse(str(media_type))) == str(media_type)
