"""Actions on topics: names, attributes, tags, lists."""

import json

import pytest


@pytest.mark.parametrize(
    ("name", "fifo", "legal"),
    [
        ("a" * 256, False, True),
        ("a" * 257, False, False),
        ("A-b_9", False, True),
        ("a.b", False, False),
        ("a/b", False, False),
        ("", False, False),
        ("a.fifo", False, False),
        ("a" * 251 + ".fifo", True, True),
        ("a" * 252 + ".fifo", True, False),
        ("a", True, False),
    ],
)
def test_names(desk, refused, name, fifo, legal):
    create = {"Name": name, "Attributes": {"FifoTopic": "true"} if fifo else {}}

    if legal:
        arn = desk.sns("CreateTopic", **create)["TopicArn"]
        assert arn == f"arn:aws:sns:us-east-1:000000000000:{name}"
    else:
        assert refused(desk.sns, "CreateTopic", **create).code == "InvalidParameter"


def test_creating_again_finds_the_same_topic_unless_it_differs(desk, refused):
    tags = [{"Key": "team", "Value": "shop"}]
    create = {"Name": "orders", "Attributes": {"DisplayName": "Orders"}, "Tags": tags}
    arn = desk.sns("CreateTopic", **create)["TopicArn"]

    assert desk.sns("CreateTopic", **create)["TopicArn"] == arn
    assert desk.sns("CreateTopic", Name="orders")["TopicArn"] == arn
    assert desk.sns("CreateTopic", Name="orders", Attributes={"TracingConfig": "PassThrough"})
    assert refused(desk.topic, DisplayName="Other").code == "InvalidParameter"
    other_tags = [{"Key": "team", "Value": "billing"}]
    assert refused(desk.sns, "CreateTopic", Name="orders", Tags=other_tags).code == "InvalidParameter"


def test_a_topic_tells_its_attributes(desk):
    topic, url = desk.topic(DisplayName="Orders"), desk.queue()
    ended = desk.subscribe(topic, url)
    desk.sns("Unsubscribe", SubscriptionArn=ended)
    desk.subscribe(topic, url)

    told = desk.sns("GetTopicAttributes", TopicArn=topic)["Attributes"]

    assert (told["TopicArn"], told["Owner"], told["DisplayName"]) == (topic, "000000000000", "Orders")
    assert (told["SubscriptionsConfirmed"], told["SubscriptionsDeleted"]) == ("1", "1")
    assert json.loads(told["Policy"])["Statement"][0]["Resource"] == topic
    assert "FifoTopic" not in told
    fifo = desk.sns("GetTopicAttributes", TopicArn=desk.topic("a.fifo"))["Attributes"]
    assert (fifo["FifoTopic"], fifo["ContentBasedDeduplication"]) == ("true", "false")


@pytest.mark.parametrize(
    ("name", "value", "legal"),
    [
        ("DisplayName", "Orders", True),
        ("MaximumMessageSize", "1024", True),
        ("MaximumMessageSize", "1048576", True),
        ("MaximumMessageSize", "1023", False),
        ("MaximumMessageSize", "1048577", False),
        ("MaximumMessageSize", "many", False),
        ("SignatureVersion", "2", True),
        ("SignatureVersion", "3", False),
        ("TracingConfig", "Active", True),
        ("TracingConfig", "Off", False),
        ("Policy", '{"Version": "2012-10-17"}', True),
        ("Policy", "{", False),
        ("ContentBasedDeduplication", "true", False),
        ("FifoThroughputScope", "Topic", False),
        ("FifoTopic", "true", False),
        ("SQSSuccessFeedbackSampleRate", "100", True),
        ("Colour", "red", False),
    ],
)
def test_attributes_of_a_standard_topic(desk, refused, name, value, legal):
    topic = desk.topic()
    change = {"TopicArn": topic, "AttributeName": name, "AttributeValue": value}

    if legal:
        desk.sns("SetTopicAttributes", **change)
        assert desk.sns("GetTopicAttributes", TopicArn=topic)["Attributes"][name] == value
    else:
        assert refused(desk.sns, "SetTopicAttributes", **change).code == "InvalidParameter"


def test_large_messages_are_for_topics_of_a_hundred_subscriptions(desk, refused):
    large, popular = desk.topic(MaximumMessageSize="1048576"), desk.topic("popular")
    for number in range(100):
        desk.subscribe(large, f"arn:aws:sqs:us-east-1:000000000000:q{number}")
        desk.subscribe(popular, f"arn:aws:sqs:us-east-1:000000000000:q{number}")
    another = "arn:aws:sqs:us-east-1:000000000000:another"

    assert refused(desk.subscribe, large, another).code == "InvalidParameter"
    desk.subscribe(popular, another)
    raised = {"AttributeName": "MaximumMessageSize", "AttributeValue": "262145"}
    assert refused(desk.sns, "SetTopicAttributes", TopicArn=popular, **raised).code == "InvalidParameter"


def test_a_deleted_topic_is_gone_with_its_subscriptions(desk, refused):
    topic, url = desk.topic(), desk.queue()
    arn = desk.subscribe(topic, url)

    desk.sns("DeleteTopic", TopicArn=topic)
    desk.sns("DeleteTopic", TopicArn=topic)

    assert refused(desk.publish, topic).code == "NotFound"
    assert refused(desk.sns, "GetSubscriptionAttributes", SubscriptionArn=arn).code == "NotFound"
    assert desk.sns("ListSubscriptions") == {"Subscriptions": []}
    assert desk.sns("ListTopics") == {"Topics": []}


def test_topics_are_listed_by_the_hundred(desk, refused):
    arns = sorted(desk.topic(f"t{number}") for number in range(101))

    first = desk.sns("ListTopics")
    rest = desk.sns("ListTopics", NextToken=first["NextToken"])

    assert [told["TopicArn"] for told in first["Topics"] + rest["Topics"]] == arns
    assert len(rest["Topics"]) == 1
    assert "NextToken" not in rest
    assert refused(desk.sns, "ListTopics", NextToken="é").code == "InvalidParameter"


def test_tags_are_added_replaced_and_removed(desk, refused):
    topic = desk.topic()

    def tag(**tags):
        shaped = [{"Key": key, "Value": value} for key, value in tags.items()]
        desk.sns("TagResource", ResourceArn=topic, Tags=shaped)

    tag(team="shop", env="dev")
    tag(team="billing")
    desk.sns("UntagResource", ResourceArn=topic, TagKeys=["env", "never there"])

    told = desk.sns("ListTagsForResource", ResourceArn=topic)
    assert told == {"Tags": [{"Key": "team", "Value": "billing"}]}
    many = {f"k{number}": "x" for number in range(50)}
    assert refused(tag, **many).code == "TagLimitExceeded"
    assert refused(desk.sns, "ListTagsForResource", ResourceArn=topic + "x").code == "ResourceNotFound"
