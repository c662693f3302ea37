"""SNS actions on topics: create, delete, list, attributes, tags."""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..rules.account import Account
from ..rules.limits import TAGS
from ..rules.service_errors import ServiceError, invalid_parameter
from ..topics.topic import Topic

Params = Mapping[str, Any]
Answer = dict[str, Any]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
_FIFO_NAME = re.compile(r"[A-Za-z0-9_-]{1,251}\.fifo")
_PAGE = 100


def create_topic(account: Account, params: Params, now: float) -> Answer:
    """Create a topic, or return the one of this name if its attributes are the same."""
    name, attributes = params.get("Name") or "", dict(params.get("Attributes") or {})
    if params.get("DataProtectionPolicy"):
        attributes["DataProtectionPolicy"] = params["DataProtectionPolicy"]
    tags = _tags(params)
    _check_name(name, attributes.get("FifoTopic") == "true")
    arn = account.topic_arn(name)
    existing = account.topics.get(arn)
    if existing is None:
        account.topics[arn] = Topic(arn, account.number, attributes, tags)
    else:
        _check_same(existing, attributes, tags)
    return {"TopicArn": arn}


def delete_topic(account: Account, params: Params, now: float) -> Answer:
    """Delete a topic with its subscriptions; succeeds if there is none."""
    topic = account.topics.pop(params.get("TopicArn") or "", None)
    for arn in topic.subscriptions if topic else ():
        del account.subscriptions[arn]
    return {}


def list_topics(account: Account, params: Params, now: float) -> Answer:
    """ARNs of all topics, a hundred at a time."""
    return page(params, sorted(account.topics), "Topics", lambda arn: {"TopicArn": arn})


def get_topic_attributes(account: Account, params: Params, now: float) -> Answer:
    """All attributes of a topic."""
    return {"Attributes": account.topic(params.get("TopicArn") or "").attributes()}


def set_topic_attributes(account: Account, params: Params, now: float) -> Answer:
    """Change one attribute."""
    topic = account.topic(params.get("TopicArn") or "")
    name, value = params.get("AttributeName") or "", params.get("AttributeValue") or ""
    if name == "FifoTopic":
        raise invalid_parameter("AttributeName", "FifoTopic can only be set when the topic is created.")
    topic.change({name: value})
    return {}


def tag_resource(account: Account, params: Params, now: float) -> Answer:
    """Add or replace tags of a topic."""
    topic = _resource(account, params)
    tags = {**topic.tags, **_tags(params)}
    if len(tags) > TAGS:
        raise ServiceError("TagLimitExceeded", f"Could not complete request: {len(tags)} tags of {TAGS}.")
    topic.tags = tags
    return {}


def untag_resource(account: Account, params: Params, now: float) -> Answer:
    """Remove tags of a topic; absent ones are ignored."""
    topic = _resource(account, params)
    for key in params.get("TagKeys") or ():
        topic.tags.pop(key, None)
    return {}


def list_tags_for_resource(account: Account, params: Params, now: float) -> Answer:
    """All tags of a topic."""
    tags = _resource(account, params).tags
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def page(
    params: Params, names: Sequence[str], field: str, describe: Callable[[str], dict[str, str]]
) -> Answer:
    """One page of a hundred items in the order of `names`, with the token of the next page."""
    after = _after(params.get("NextToken"))
    rest = [name for name in names if name > after]
    answer: Answer = {field: [describe(name) for name in rest[:_PAGE]]}
    if len(rest) > _PAGE:
        answer["NextToken"] = base64.urlsafe_b64encode(rest[_PAGE - 1].encode()).decode()
    return answer


def _after(token: str | None) -> str:
    try:
        return base64.urlsafe_b64decode(token or "").decode()
    except ValueError as error:
        raise invalid_parameter("NextToken", f"{token!r} is not a token of an earlier response.") from error


def _check_name(name: str, fifo: bool) -> None:
    if not (_FIFO_NAME if fifo else _NAME).fullmatch(name):
        raise invalid_parameter(
            "Topic Name",
            f"{name!r} must be made up of ASCII letters, digits, underscores and hyphens, of at most 256 "
            "characters, and must end with .fifo if and only if the attribute FifoTopic is true.",
        )


def _check_same(topic: Topic, attributes: Mapping[str, str], tags: Mapping[str, str]) -> None:
    if topic.differs(attributes):
        raise invalid_parameter("Attributes", "Topic already exists with different attributes")
    if tags and tags != topic.tags:
        raise invalid_parameter("Tags", "Topic already exists with different tags")


def _tags(params: Params) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in params.get("Tags") or ()}


def _resource(account: Account, params: Params) -> Topic:
    topic = account.topics.get(params.get("ResourceArn") or "")
    if topic is None:
        raise ServiceError("ResourceNotFound", f"Resource does not exist: {params.get('ResourceArn')}.")
    return topic


ACTIONS = {
    "CreateTopic": create_topic,
    "DeleteTopic": delete_topic,
    "GetTopicAttributes": get_topic_attributes,
    "ListTagsForResource": list_tags_for_resource,
    "ListTopics": list_topics,
    "SetTopicAttributes": set_topic_attributes,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}
