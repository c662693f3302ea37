"""Permissions: statements that are added to and removed from policies."""

import json
from typing import Any

import pytest

OTHER, THIRD = "123456789012", "210987654321"


def of_queue(desk: Any, url: str) -> Any:
    text = desk.attributes(url).get("Policy")
    return None if text is None else json.loads(text)


def of_topic(desk: Any, arn: str) -> Any:
    return json.loads(desk.sns("GetTopicAttributes", TopicArn=arn)["Attributes"]["Policy"])


def test_a_permission_is_a_statement_of_the_queue_s_policy(desk):
    url = desk.queue()

    desk.sqs("AddPermission", QueueUrl=url, Label="one", AWSAccountIds=[OTHER], Actions=["SendMessage"])
    desk.sqs(
        "AddPermission", QueueUrl=url, Label="two", AWSAccountIds=[OTHER, THIRD], Actions=["*", "PurgeQueue"]
    )

    one, two = of_queue(desk, url)["Statement"]
    assert one == {
        "Sid": "one",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
        "Action": "SQS:SendMessage",
        "Resource": desk.arn(url),
    }
    assert two["Principal"]["AWS"] == [f"arn:aws:iam::{OTHER}:root", f"arn:aws:iam::{THIRD}:root"]
    assert two["Action"] == ["SQS:*", "SQS:PurgeQueue"]


def test_a_policy_that_was_set_keeps_its_statements(desk):
    own = {"Version": "2012-10-17", "Statement": {"Sid": "own", "Effect": "Allow"}}
    url = desk.queue(Policy=json.dumps(own))

    desk.sqs("AddPermission", QueueUrl=url, Label="one", AWSAccountIds=[OTHER], Actions=["SendMessage"])
    assert [statement["Sid"] for statement in of_queue(desk, url)["Statement"]] == ["own", "one"]

    desk.sqs("RemovePermission", QueueUrl=url, Label="one")
    assert [statement["Sid"] for statement in of_queue(desk, url)["Statement"]] == ["own"]
    desk.sqs("RemovePermission", QueueUrl=url, Label="own")
    assert of_queue(desk, url) is None


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"Actions": []}, "MissingParameter"),
        ({"Actions": ["SendMessage"] * 8}, "OverLimit"),
        ({"Actions": ["DeleteQueue"]}, "InvalidParameterValue"),
        ({"AWSAccountIds": []}, "InvalidParameterValue"),
        ({"AWSAccountIds": ["me"]}, "InvalidParameterValue"),
        ({"Label": "a b"}, "InvalidParameterValue"),
        ({"Label": "there"}, "InvalidParameterValue"),
        ({"QueueUrl": "http://nowhere/1/x"}, "QueueDoesNotExist"),
    ],
)
def test_what_sqs_refuses_changes_nothing(desk, refused, changed, code):
    url = desk.queue()
    given = {"QueueUrl": url, "Label": "there", "AWSAccountIds": [OTHER], "Actions": ["SendMessage"]}
    desk.sqs("AddPermission", **given)
    before = of_queue(desk, url)

    assert refused(desk.sqs, "AddPermission", **{**given, "Label": "new", **changed}).code == code
    assert refused(desk.sqs, "RemovePermission", QueueUrl=url, Label="new").code == "InvalidParameterValue"
    assert of_queue(desk, url) == before


def test_a_topic_s_permission_stands_beside_the_default_one(desk):
    arn = desk.sns("CreateTopic", Name="orders")["TopicArn"]
    default = of_topic(desk, arn)
    given = {"TopicArn": arn, "Label": "one", "AWSAccountId": [OTHER], "ActionName": ["Publish"]}

    desk.sns("AddPermission", **given)

    assert of_topic(desk, arn)["Statement"] == [
        *default["Statement"],
        {
            "Sid": "one",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
            "Action": "SNS:Publish",
            "Resource": arn,
        },
    ]
    desk.sns("RemovePermission", TopicArn=arn, Label="one")
    assert of_topic(desk, arn) == default


@pytest.mark.parametrize(
    "changed",
    [
        {"Label": ""},
        {"Label": "there"},
        {"AWSAccountId": ["me"]},
        {"ActionName": []},
        {"ActionName": ["Unsubscribe"]},
    ],
)
def test_what_sns_refuses(desk, refused, changed):
    arn = desk.sns("CreateTopic", Name="orders")["TopicArn"]
    given = {"TopicArn": arn, "Label": "there", "AWSAccountId": [OTHER], "ActionName": ["Publish"]}
    desk.sns("AddPermission", **given)

    assert (
        refused(desk.sns, "AddPermission", **{**given, "Label": "new", **changed}).code == "InvalidParameter"
    )


def test_a_subscription_that_is_confirmed_already_is_told(desk, refused):
    arn = desk.sns("CreateTopic", Name="orders")["TopicArn"]
    queue = desk.arn(desk.queue())
    subscription = desk.sns("Subscribe", TopicArn=arn, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]
    token = subscription.rpartition(":")[2]

    assert desk.sns("ConfirmSubscription", TopicArn=arn, Token=token) == {"SubscriptionArn": subscription}
    assert refused(desk.sns, "ConfirmSubscription", TopicArn=arn, Token="x").code == "InvalidParameter"
