"""Which topic a media type goes to."""

import pytest

from pubsub_tasks.errors import TopicNotDefinedError
from pubsub_tasks.publishing.topics import Topics
from tests.samples import ORDER, TOPIC

PREFIX = "arn:aws:sns:eu-west-1:123456789012:shop-"


def test_a_mapping_comes_before_the_prefix_and_the_prefix_before_the_default():
    assert Topics({ORDER: TOPIC}, PREFIX, "arn:default").arn(ORDER) == TOPIC
    assert Topics({}, PREFIX, "arn:default").arn("a.b") == f"{PREFIX}a-b"
    assert Topics({"other": TOPIC}, default="arn:default").arn(ORDER) == "arn:default"


def test_without_a_topic_the_error_says_what_to_configure():
    with pytest.raises(TopicNotDefinedError, match=f"no topic for {ORDER}.*SNS_TOPIC_ARNS__PREFIX"):
        Topics({"other": TOPIC}).arn(ORDER)
