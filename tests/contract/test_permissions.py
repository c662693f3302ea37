"""Permissions that are given to other accounts stand in the policy, as statements that moto writes alike."""

import json

from tests.contract.worlds import World

OTHER = "123456789012"


def test_a_queue_s_permission_comes_and_goes(world: World) -> None:
    queue = world.queue()
    url, arn = queue.url, queue.attributes().arn

    world.sqs.add_permission(
        QueueUrl=url, Label="shop", AWSAccountIds=[OTHER], Actions=["SendMessage", "GetQueueUrl"]
    )

    found = world.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    assert json.loads(found)["Statement"] == [
        {
            "Sid": "shop",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
            "Action": ["SQS:SendMessage", "SQS:GetQueueUrl"],
            "Resource": arn,
        }
    ]
    world.sqs.remove_permission(QueueUrl=url, Label="shop")
    refusal = world.refusal(world.sqs.remove_permission, QueueUrl=url, Label="shop")
    assert refusal == "InvalidParameterValue"


def test_a_topic_s_permission_comes_and_goes(world: World) -> None:
    arn = world.topic()

    world.sns.add_permission(TopicArn=arn, Label="shop", AWSAccountId=[OTHER], ActionName=["Publish"])

    told = json.loads(world.sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])["Statement"]
    assert [(each["Sid"], each["Action"]) for each in told[1:]] == [("shop", "SNS:Publish")]
    again = {"TopicArn": arn, "Label": "shop", "AWSAccountId": [OTHER], "ActionName": ["Publish"]}
    assert world.refusal(world.sns.add_permission, **again) == "InvalidParameter"
    world.sns.remove_permission(TopicArn=arn, Label="shop")
    left = json.loads(world.sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])["Statement"]
    assert len(left) == 1
