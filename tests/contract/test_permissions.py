"""Permissions that are given to other accounts stand in the policy, as statements that moto writes alike."""

import json

from tests.contract.environments import Environment

OTHER = "123456789012"


def test_a_queue_s_permission_comes_and_goes(environment: Environment) -> None:
    queue = environment.queue()
    url, arn = queue.url, queue.attributes().arn

    environment.sqs.add_permission(
        QueueUrl=url, Label="shop", AWSAccountIds=[OTHER], Actions=["SendMessage", "GetQueueUrl"]
    )

    found = environment.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"][
        "Policy"
    ]
    assert json.loads(found)["Statement"] == [
        {
            "Sid": "shop",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
            "Action": ["SQS:SendMessage", "SQS:GetQueueUrl"],
            "Resource": arn,
        }
    ]
    environment.sqs.remove_permission(QueueUrl=url, Label="shop")
    refusal = environment.refusal(environment.sqs.remove_permission, QueueUrl=url, Label="shop")
    assert refusal == "InvalidParameterValue"


def test_a_topic_s_permission_comes_and_goes(environment: Environment) -> None:
    arn = environment.topic()

    environment.sns.add_permission(TopicArn=arn, Label="shop", AWSAccountId=[OTHER], ActionName=["Publish"])

    told = json.loads(environment.sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])["Statement"]
    assert [(each["Sid"], each["Action"]) for each in told[1:]] == [("shop", "SNS:Publish")]
    again = {"TopicArn": arn, "Label": "shop", "AWSAccountId": [OTHER], "ActionName": ["Publish"]}
    assert environment.refusal(environment.sns.add_permission, **again) == "InvalidParameter"
    environment.sns.remove_permission(TopicArn=arn, Label="shop")
    left = json.loads(environment.sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])["Statement"]
    assert len(left) == 1
