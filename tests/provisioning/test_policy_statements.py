"""Statements of queue policies as others write them, and whether they are about a topic's messages."""

from typing import Any

import pytest

from pubsub_tasks.provisioning.policy_statements import SendingTopic, applies

TOPIC = "arn:aws:sns:eu-west-1:123456789012:shop-orders"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:shop-orders"
SENDER = SendingTopic(TOPIC, QUEUE)
SNS = {"Service": "sns.amazonaws.com"}


def statement(condition: Any = None, **more: Any) -> dict[str, Any]:
    given = {"Effect": "Allow", "Principal": SNS, "Action": "sqs:SendMessage", "Resource": QUEUE}
    return {**given, **({"Condition": condition} if condition else {}), **more}


@pytest.mark.parametrize(
    "condition",
    [
        {"ArnEquals": {"aws:SourceArn": TOPIC}},
        {"ArnEquals": {"aws:SourceArn": ["arn:aws:sns:eu-west-1:123456789012:other", TOPIC]}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:123456789012:shop-*"}},
        {"StringLike": {"AWS:SourceArn": "arn:aws:sns:eu-west-?:123456789012:*"}},
        {"StringEquals": {"aws:SourceArn": TOPIC, "aws:SourceAccount": "123456789012"}},
        {"ForAnyValue:ArnLike": {"aws:SourceArn": [TOPIC]}},
        {"ForAllValues:StringEquals": {"aws:SourceAccount": ["123456789012", "999999999999"]}},
        {"ArnLikeIfExists": {"aws:SourceArn": TOPIC}},
        {"ArnNotEquals": {"aws:SourceArn": "arn:aws:sns:eu-west-1:123456789012:other"}},
        {"ArnEquals": {"aws:SourceArn": TOPIC}, "Bool": {"aws:SecureTransport": "true"}},
        {"ArnEquals": {"aws:SourceArn": TOPIC}, "Bool": {"aws:SecureTransport": True}},
        {"ArnEquals": {"aws:SourceArn": TOPIC}, "Null": {"aws:SourceArn": "false"}},
        {"StringEqualsIgnoreCase": {"aws:SourceArn": TOPIC.upper()}},
    ],
)
def test_a_topic_meets_the_conditions_and_strangers_do_not(condition: dict[str, Any]) -> None:
    assert applies(statement(condition), SENDER, unknown=False)
    negative = "ArnNotEquals" in condition
    assert applies(statement(condition), SENDER.stranger, unknown=False) is negative


@pytest.mark.parametrize(
    "condition",
    [
        {"ArnEquals": {"aws:SourceArn": f"{TOPIC}-other"}},
        {"StringEquals": {"aws:SourceArn": "arn:aws:sns:*:123456789012:*"}},
        {"ArnNotLike": {"aws:SourceArn": "arn:aws:sns:*:123456789012:shop-*"}},
        {"ArnEquals": {"aws:SourceArn": TOPIC}, "StringEquals": {"aws:SourceAccount": "999999999999"}},
        {"Bool": {"aws:SecureTransport": "false"}},
        {"Null": {"aws:SourceArn": "true"}},
    ],
)
def test_a_topic_does_not_meet_the_conditions(condition: dict[str, Any]) -> None:
    assert not applies(statement(condition), SENDER, unknown=True)


@pytest.mark.parametrize(
    ("changes", "is_meant"),
    [
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": {"AWS": ["123456789012", "*"]}}, True),
        ({"Principal": {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]}}, True),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}, False),
        ({"Principal": None, "NotPrincipal": SNS}, False),
        ({"Principal": None, "NotPrincipal": {"AWS": "123456789012"}}, True),
        ({"Action": ["sqs:ReceiveMessage", "SQS:Send*"]}, True),
        ({"Action": "sqs:ReceiveMessage"}, False),
        ({"Action": None, "NotAction": "sqs:DeleteQueue"}, True),
        ({"Action": None, "NotAction": "sqs:*"}, False),
        ({"Resource": "*"}, True),
        ({"Resource": ["arn:aws:sqs:eu-west-1:123456789012:shop-*"]}, True),
        ({"Resource": "arn:aws:sqs:eu-west-1:123456789012:search"}, False),
    ],
)
def test_principal_action_and_resource_say_what_a_statement_is_about(
    changes: dict[str, Any], is_meant: bool
) -> None:
    given = {name: value for name, value in statement(None, **changes).items() if value is not None}

    assert applies(given, SENDER, unknown=False) is is_meant


@pytest.mark.parametrize("unknown", [True, False])
def test_a_condition_that_is_not_known_is_taken_as_told(unknown: bool) -> None:
    given = statement({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})

    assert applies(given, SENDER, unknown) is unknown
