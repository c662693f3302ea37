"""Actions on subscriptions: what may subscribe, their attributes, lists."""

import json

import pytest


def test_subscribing_again_finds_the_same_subscription_unless_it_differs(desk, refused):
    topic, url = desk.topic(), desk.queue()
    arn = desk.subscribe(topic, url)

    assert arn.startswith(topic + ":")
    assert desk.subscribe(topic, url) == arn
    assert refused(desk.subscribe, topic, url, raw=False).code == "InvalidParameter"
    desk.publish(topic)
    assert desk.counts(url) == (1, 0, 0)


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
def test_only_queues_subscribe_and_fifo_queues_to_fifo_topics(desk, refused, protocol, endpoint):
    error = refused(desk.sns, "Subscribe", TopicArn=desk.topic(), Protocol=protocol, Endpoint=endpoint)

    assert error.code == "InvalidParameter"


def test_a_standard_queue_may_subscribe_to_a_fifo_topic(desk):
    topic, url = desk.topic("orders.fifo"), desk.queue()
    desk.subscribe(topic, url)

    desk.publish(topic, "hello", MessageGroupId="g", MessageDeduplicationId="d")

    assert desk.bodies(url) == ["hello"]


def test_a_subscription_tells_its_attributes(desk):
    topic, url = desk.topic(), desk.queue()
    arn = desk.subscribe(topic, url, FilterPolicy='{"a": ["b"]}')

    told = desk.sns("GetSubscriptionAttributes", SubscriptionArn=arn)["Attributes"]

    assert (told["SubscriptionArn"], told["TopicArn"], told["Endpoint"]) == (arn, topic, desk.arn(url))
    assert (told["Protocol"], told["RawMessageDelivery"], told["PendingConfirmation"]) == (
        "sqs",
        "true",
        "false",
    )
    assert (told["FilterPolicy"], told["FilterPolicyScope"]) == ('{"a": ["b"]}', "MessageAttributes")


def test_attributes_change_from_the_next_message_on(desk):
    topic, url = desk.topic(), desk.queue()
    arn = desk.subscribe(topic, url)

    def change(name, value):
        desk.sns("SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName=name, AttributeValue=value)

    change("FilterPolicy", '{"a": ["b"]}')
    desk.publish(topic, "filtered")
    change("FilterPolicy", "")
    desk.publish(topic, "raw")
    change("RawMessageDelivery", "false")
    desk.publish(topic, "enveloped")

    raw, enveloped = desk.bodies(url)
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
def test_attributes_that_cannot_work_are_refused_and_change_nothing(desk, refused, name, value):
    topic, url = desk.topic(), desk.queue()
    arn = desk.subscribe(topic, url)

    error = refused(
        desk.sns, "SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName=name, AttributeValue=value
    )

    assert error.code == "InvalidParameter"
    told = desk.sns("GetSubscriptionAttributes", SubscriptionArn=arn)["Attributes"]
    assert told.get(name) != value
    assert refused(desk.subscribe, desk.topic("other"), url, **{name: value}).code == "InvalidParameter"


def test_a_topic_has_at_most_200_filter_policies(desk, refused):
    topic = desk.topic()
    for number in range(201):
        policy = {"FilterPolicy": '{"a": ["b"]}'} if number < 200 else {}
        arn = desk.subscribe(topic, f"arn:aws:sqs:us-east-1:000000000000:q{number}", **policy)

    change = {"AttributeName": "FilterPolicy", "AttributeValue": '{"a": ["c"]}'}
    error = refused(desk.sns, "SetSubscriptionAttributes", SubscriptionArn=arn, **change)

    assert (error.code, error.status) == ("FilterPolicyLimitExceeded", 403)
    first = desk.sns("ListSubscriptionsByTopic", TopicArn=topic)["Subscriptions"][0]["SubscriptionArn"]
    desk.sns("SetSubscriptionAttributes", SubscriptionArn=first, **change)


def test_a_nested_policy_cannot_lose_its_scope(desk, refused):
    topic, url = desk.topic(), desk.queue()
    arn = desk.subscribe(topic, url, FilterPolicy='{"a": {"b": ["c"]}}', FilterPolicyScope="MessageBody")

    error = refused(
        desk.sns,
        "SetSubscriptionAttributes",
        SubscriptionArn=arn,
        AttributeName="FilterPolicyScope",
        AttributeValue="MessageAttributes",
    )

    assert error.code == "InvalidParameter"


def test_who_unsubscribes_gets_nothing_more(desk, refused):
    topic, url = desk.topic(), desk.queue()
    arn = desk.subscribe(topic, url)

    desk.sns("Unsubscribe", SubscriptionArn=arn)
    desk.sns("Unsubscribe", SubscriptionArn=arn)
    desk.publish(topic)

    assert desk.receive(url) == []
    assert refused(desk.sns, "GetSubscriptionAttributes", SubscriptionArn=arn).code == "NotFound"
    assert refused(desk.sns, "Unsubscribe", SubscriptionArn=topic).code == "InvalidParameter"


def test_subscriptions_are_listed_by_topic_and_all_together(desk):
    first, other = desk.topic("first"), desk.topic("other")
    url = desk.queue()
    arns = sorted([desk.subscribe(first, url), desk.subscribe(other, url)])

    def listed(answer):
        return [told["SubscriptionArn"] for told in answer["Subscriptions"]]

    assert listed(desk.sns("ListSubscriptions")) == arns
    assert listed(desk.sns("ListSubscriptionsByTopic", TopicArn=first)) == arns[:1]
