"""Permissions: statements that are added to and removed from policies."""

import json
from typing import Any

import pytest

OTHER, THIRD = "123456789012", "210987654321"


def of_queue(client: Any, url: str) -> Any:
    text = client.attributes(url).get("Policy")
    return None if text is None else json.loads(text)


def of_topic(client: Any, arn: str) -> Any:
    return json.loads(client.sns("GetTopicAttributes", TopicArn=arn)["Attributes"]["Policy"])


def test_a_permission_is_a_statement_of_the_queue_s_policy(client):
    url = client.queue()

    client.sqs("AddPermission", QueueUrl=url, Label="one", AWSAccountIds=[OTHER], Actions=["SendMessage"])
    client.sqs(
        "AddPermission", QueueUrl=url, Label="two", AWSAccountIds=[OTHER, THIRD], Actions=["*", "PurgeQueue"]
    )

    one, two = of_queue(client, url)["Statement"]
    assert one == {
        "Sid": "one",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
        "Action": "SQS:SendMessage",
        "Resource": client.arn(url),
    }
    assert two["Principal"]["AWS"] == [f"arn:aws:iam::{OTHER}:root", f"arn:aws:iam::{THIRD}:root"]
    assert two["Action"] == ["SQS:*", "SQS:PurgeQueue"]


def test_a_policy_that_was_set_keeps_its_statements(client):
    own = {"Version": "2012-10-17", "Statement": {"Sid": "own", "Effect": "Allow"}}
    url = client.queue(Policy=json.dumps(own))

    client.sqs("AddPermission", QueueUrl=url, Label="one", AWSAccountIds=[OTHER], Actions=["SendMessage"])
    assert [statement["Sid"] for statement in of_queue(client, url)["Statement"]] == ["own", "one"]

    client.sqs("RemovePermission", QueueUrl=url, Label="one")
    assert [statement["Sid"] for statement in of_queue(client, url)["Statement"]] == ["own"]
    client.sqs("RemovePermission", QueueUrl=url, Label="own")
    assert of_queue(client, url) is None


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
def test_a_refused_permission_changes_nothing(client, refused, changed, code):
    url = client.queue()
    given = {"QueueUrl": url, "Label": "there", "AWSAccountIds": [OTHER], "Actions": ["SendMessage"]}
    client.sqs("AddPermission", **given)
    before = of_queue(client, url)

    assert refused(client.sqs, "AddPermission", **{**given, "Label": "new", **changed}).code == code
    assert refused(client.sqs, "RemovePermission", QueueUrl=url, Label="new").code == "InvalidParameterValue"
    assert of_queue(client, url) == before


def test_a_topic_s_permission_stands_beside_the_default_one(client):
    arn = client.sns("CreateTopic", Name="orders")["TopicArn"]
    default = of_topic(client, arn)
    given = {"TopicArn": arn, "Label": "one", "AWSAccountId": [OTHER], "ActionName": ["Publish"]}

    client.sns("AddPermission", **given)

    assert of_topic(client, arn)["Statement"] == [
        *default["Statement"],
        {
            "Sid": "one",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
            "Action": "SNS:Publish",
            "Resource": arn,
        },
    ]
    client.sns("RemovePermission", TopicArn=arn, Label="one")
    assert of_topic(client, arn) == default


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
def test_what_sns_refuses(client, refused, changed):
    arn = client.sns("CreateTopic", Name="orders")["TopicArn"]
    given = {"TopicArn": arn, "Label": "there", "AWSAccountId": [OTHER], "ActionName": ["Publish"]}
    client.sns("AddPermission", **given)

    assert (
        refused(client.sns, "AddPermission", **{**given, "Label": "new", **changed}).code
        == "InvalidParameter"
    )


def test_confirming_a_confirmed_subscription_returns_it(client, refused):
    arn = client.sns("CreateTopic", Name="orders")["TopicArn"]
    queue = client.arn(client.queue())
    subscription = client.sns("Subscribe", TopicArn=arn, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]
    token = subscription.rpartition(":")[2]

    assert client.sns("ConfirmSubscription", TopicArn=arn, Token=token) == {"SubscriptionArn": subscription}
    assert refused(client.sns, "ConfirmSubscription", TopicArn=arn, Token="x").code == "InvalidParameter"
