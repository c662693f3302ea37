"""Actions on subscriptions: what may subscribe, their attributes, lists."""

import json

import pytest


def test_subscribing_again_finds_the_same_subscription_unless_it_differs(client, refused):
    topic, url = client.topic(), client.queue()
    arn = client.subscribe(topic, url)

    assert arn.startswith(topic + ":")
    assert client.subscribe(topic, url) == arn
    assert refused(client.subscribe, topic, url, raw=False).code == "InvalidParameter"
    client.publish(topic)
    assert client.counts(url) == (1, 0, 0)


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [
        ("https", "https://example.org"),
        (None, "arn:aws:sqs:us-east-1:000000000000:orders"),
        ("sqs", ""),
        ("sqs", "http://127.0.0.1/000000000000/orders"),
        ("sqs", "arn:aws:lambda:us-east-1:000000000000:orders"),
        ("sqs", "arn:aws:sqs:us-east-1:000000000000:orders.fifo"),
    ],
)
def test_only_queues_subscribe_and_fifo_queues_to_fifo_topics(client, refused, protocol, endpoint):
    error = refused(client.sns, "Subscribe", TopicArn=client.topic(), Protocol=protocol, Endpoint=endpoint)

    assert error.code == "InvalidParameter"


def test_a_standard_queue_may_subscribe_to_a_fifo_topic(client):
    topic, url = client.topic("orders.fifo"), client.queue()
    client.subscribe(topic, url)

    client.publish(topic, "hello", MessageGroupId="g", MessageDeduplicationId="d")

    assert client.bodies(url) == ["hello"]


def test_the_attributes_of_a_subscription(client):
    topic, url = client.topic(), client.queue()
    arn = client.subscribe(topic, url, FilterPolicy='{"a": ["b"]}')

    result = client.sns("GetSubscriptionAttributes", SubscriptionArn=arn)["Attributes"]

    assert (result["SubscriptionArn"], result["TopicArn"], result["Endpoint"]) == (
        arn,
        topic,
        client.arn(url),
    )
    assert (result["Protocol"], result["RawMessageDelivery"], result["PendingConfirmation"]) == (
        "sqs",
        "true",
        "false",
    )
    assert (result["FilterPolicy"], result["FilterPolicyScope"]) == ('{"a": ["b"]}', "MessageAttributes")


def test_attributes_change_from_the_next_message_on(client):
    topic, url = client.topic(), client.queue()
    arn = client.subscribe(topic, url)

    def change(name, value):
        client.sns("SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName=name, AttributeValue=value)

    change("FilterPolicy", '{"a": ["b"]}')
    client.publish(topic, "filtered")
    change("FilterPolicy", "")
    client.publish(topic, "raw")
    change("RawMessageDelivery", "false")
    client.publish(topic, "enveloped")

    raw, enveloped = client.bodies(url)
    assert (raw, json.loads(enveloped)["Message"]) == ("raw", "enveloped")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RawMessageDelivery", "yes"),
        ("FilterPolicyScope", "Everything"),
        ("FilterPolicy", '{"a": "b"}'),
        ("FilterPolicy", '{"a": {"b": ["c"]}}'),
        ("RedrivePolicy", "{"),
        ("RedrivePolicy", "{}"),
        ("RedrivePolicy", '{"deadLetterTargetArn": "arn:aws:sns:us-east-1:000000000000:letters"}'),
        ("RedrivePolicy", '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:letters.fifo"}'),
        ("Colour", "red"),
    ],
)
def test_attributes_that_cannot_work_are_refused_and_change_nothing(client, refused, name, value):
    topic, url = client.topic(), client.queue()
    arn = client.subscribe(topic, url)

    error = refused(
        client.sns, "SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName=name, AttributeValue=value
    )

    assert error.code == "InvalidParameter"
    result = client.sns("GetSubscriptionAttributes", SubscriptionArn=arn)["Attributes"]
    assert result.get(name) != value
    assert refused(client.subscribe, client.topic("other"), url, **{name: value}).code == "InvalidParameter"


def test_a_topic_has_at_most_200_filter_policies(client, refused):
    topic = client.topic()
    for number in range(201):
        policy = {"FilterPolicy": '{"a": ["b"]}'} if number < 200 else {}
        arn = client.subscribe(topic, f"arn:aws:sqs:us-east-1:000000000000:q{number}", **policy)

    change = {"AttributeName": "FilterPolicy", "AttributeValue": '{"a": ["c"]}'}
    error = refused(client.sns, "SetSubscriptionAttributes", SubscriptionArn=arn, **change)

    assert (error.code, error.status) == ("FilterPolicyLimitExceeded", 403)
    first = client.sns("ListSubscriptionsByTopic", TopicArn=topic)["Subscriptions"][0]["SubscriptionArn"]
    client.sns("SetSubscriptionAttributes", SubscriptionArn=first, **change)


def test_a_nested_policy_cannot_lose_its_scope(client, refused):
    topic, url = client.topic(), client.queue()
    arn = client.subscribe(topic, url, FilterPolicy='{"a": {"b": ["c"]}}', FilterPolicyScope="MessageBody")

    error = refused(
        client.sns,
        "SetSubscriptionAttributes",
        SubscriptionArn=arn,
        AttributeName="FilterPolicyScope",
        AttributeValue="MessageAttributes",
    )

    assert error.code == "InvalidParameter"


def test_after_unsubscribing_no_more_messages_arrive(client, refused):
    topic, url = client.topic(), client.queue()
    arn = client.subscribe(topic, url)

    client.sns("Unsubscribe", SubscriptionArn=arn)
    client.sns("Unsubscribe", SubscriptionArn=arn)
    client.publish(topic)

    assert client.receive(url) == []
    assert refused(client.sns, "GetSubscriptionAttributes", SubscriptionArn=arn).code == "NotFound"
    assert refused(client.sns, "Unsubscribe", SubscriptionArn=topic).code == "InvalidParameter"


def test_subscriptions_are_listed_by_topic_and_all_together(client):
    first, other = client.topic("first"), client.topic("other")
    url = client.queue()
    arns = sorted([client.subscribe(first, url), client.subscribe(other, url)])

    def listed(answer):
        return [result["SubscriptionArn"] for result in answer["Subscriptions"]]

    assert listed(client.sns("ListSubscriptions")) == arns
    assert listed(client.sns("ListSubscriptionsByTopic", TopicArn=first)) == arns[:1]
