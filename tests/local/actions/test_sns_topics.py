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
def test_names(client, refused, name, fifo, legal):
    create = {"Name": name, "Attributes": {"FifoTopic": "true"} if fifo else {}}

    if legal:
        arn = client.sns("CreateTopic", **create)["TopicArn"]
        assert arn == f"arn:aws:sns:us-east-1:000000000000:{name}"
    else:
        assert refused(client.sns, "CreateTopic", **create).code == "InvalidParameter"


def test_creating_again_finds_the_same_topic_unless_it_differs(client, refused):
    tags = [{"Key": "team", "Value": "shop"}]
    create = {"Name": "orders", "Attributes": {"DisplayName": "Orders"}, "Tags": tags}
    arn = client.sns("CreateTopic", **create)["TopicArn"]

    assert client.sns("CreateTopic", **create)["TopicArn"] == arn
    assert client.sns("CreateTopic", Name="orders")["TopicArn"] == arn
    assert client.sns("CreateTopic", Name="orders", Attributes={"TracingConfig": "PassThrough"})
    assert refused(client.topic, DisplayName="Other").code == "InvalidParameter"
    other_tags = [{"Key": "team", "Value": "billing"}]
    assert refused(client.sns, "CreateTopic", Name="orders", Tags=other_tags).code == "InvalidParameter"


def test_the_attributes_of_a_topic(client):
    topic, url = client.topic(DisplayName="Orders"), client.queue()
    ended = client.subscribe(topic, url)
    client.sns("Unsubscribe", SubscriptionArn=ended)
    client.subscribe(topic, url)

    result = client.sns("GetTopicAttributes", TopicArn=topic)["Attributes"]

    assert (result["TopicArn"], result["Owner"], result["DisplayName"]) == (topic, "000000000000", "Orders")
    assert (result["SubscriptionsConfirmed"], result["SubscriptionsDeleted"]) == ("1", "1")
    assert json.loads(result["Policy"])["Statement"][0]["Resource"] == topic
    assert "FifoTopic" not in result
    fifo = client.sns("GetTopicAttributes", TopicArn=client.topic("a.fifo"))["Attributes"]
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
def test_attributes_of_a_standard_topic(client, refused, name, value, legal):
    topic = client.topic()
    change = {"TopicArn": topic, "AttributeName": name, "AttributeValue": value}

    if legal:
        client.sns("SetTopicAttributes", **change)
        assert client.sns("GetTopicAttributes", TopicArn=topic)["Attributes"][name] == value
    else:
        assert refused(client.sns, "SetTopicAttributes", **change).code == "InvalidParameter"


def test_large_messages_are_for_topics_of_a_hundred_subscriptions(client, refused):
    large, popular = client.topic(MaximumMessageSize="1048576"), client.topic("popular")
    for number in range(100):
        client.subscribe(large, f"arn:aws:sqs:us-east-1:000000000000:q{number}")
        client.subscribe(popular, f"arn:aws:sqs:us-east-1:000000000000:q{number}")
    another = "arn:aws:sqs:us-east-1:000000000000:another"

    assert refused(client.subscribe, large, another).code == "InvalidParameter"
    client.subscribe(popular, another)
    raised = {"AttributeName": "MaximumMessageSize", "AttributeValue": "262145"}
    assert refused(client.sns, "SetTopicAttributes", TopicArn=popular, **raised).code == "InvalidParameter"


def test_a_deleted_topic_is_gone_with_its_subscriptions(client, refused):
    topic, url = client.topic(), client.queue()
    arn = client.subscribe(topic, url)

    client.sns("DeleteTopic", TopicArn=topic)
    client.sns("DeleteTopic", TopicArn=topic)

    assert refused(client.publish, topic).code == "NotFound"
    assert refused(client.sns, "GetSubscriptionAttributes", SubscriptionArn=arn).code == "NotFound"
    assert client.sns("ListSubscriptions") == {"Subscriptions": []}
    assert client.sns("ListTopics") == {"Topics": []}


def test_topics_are_listed_by_the_hundred(client, refused):
    arns = sorted(client.topic(f"t{number}") for number in range(101))

    first = client.sns("ListTopics")
    rest = client.sns("ListTopics", NextToken=first["NextToken"])

    assert [result["TopicArn"] for result in first["Topics"] + rest["Topics"]] == arns
    assert len(rest["Topics"]) == 1
    assert "NextToken" not in rest
    assert refused(client.sns, "ListTopics", NextToken="é").code == "InvalidParameter"


def test_tags_are_added_replaced_and_removed(client, refused):
    topic = client.topic()

    def tag(**tags):
        shaped = [{"Key": key, "Value": value} for key, value in tags.items()]
        client.sns("TagResource", ResourceArn=topic, Tags=shaped)

    tag(team="shop", env="dev")
    tag(team="billing")
    client.sns("UntagResource", ResourceArn=topic, TagKeys=["env", "never there"])

    result = client.sns("ListTagsForResource", ResourceArn=topic)
    assert result == {"Tags": [{"Key": "team", "Value": "billing"}]}
    many = {f"k{number}": "x" for number in range(50)}
    assert refused(tag, **many).code == "TagLimitExceeded"
    assert refused(client.sns, "ListTagsForResource", ResourceArn=topic + "x").code == "ResourceNotFound"
