"""The JSON protocol of SQS: requests that no SDK sends are refused as AWS refuses them."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from pubsub_tasks.local.server import LocalServer


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with LocalServer() as running:
        send(running.url, "CreateQueue", {"QueueName": "orders"})
        yield running.url


def send(url: str, action: str, request: object) -> tuple[int, dict[str, str]]:
    given = urllib.request.Request(
        url, json.dumps(request).encode(), {"X-Amz-Target": f"AmazonSQS.{action}"}, method="POST"
    )
    try:
        with urllib.request.urlopen(given) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)


@pytest.mark.parametrize(
    ("action", "request_", "said"),
    [
        ("SendMessage", {"QueueUrl": 5}, "QueueUrl"),
        ("SendMessage", {"QueueUrl": "orders", "MessageBody": {"a": 1}}, "MessageBody"),
        (
            "SendMessage",
            {"QueueUrl": "orders", "MessageBody": "a", "MessageAttributes": {"a": "b"}},
            "MessageAttributes",
        ),
        (
            "SendMessage",
            {"QueueUrl": "orders", "MessageBody": "a", "MessageAttributes": {"a": {"DataType": 1}}},
            "MessageAttributes.DataType",
        ),
        ("SendMessageBatch", {"QueueUrl": "orders", "Entries": [1]}, "Entries"),
        (
            "SendMessageBatch",
            {"QueueUrl": "orders", "Entries": [{"Id": "a", "MessageBody": 1}]},
            "Entries.MessageBody",
        ),
        ("CreateQueue", {"QueueName": "other", "Attributes": {"DelaySeconds": 5}}, "Attributes"),
        ("SendMessage", ["BinaryValue"], "cannot be read"),
        ("SendMessage", [], "JSON object"),
    ],
)
def test_members_of_the_wrong_type_are_refused(url: str, action: str, request_: object, said: str) -> None:
    status, answer = send(url, action, request_)

    assert status == 400
    assert answer["__type"] == "com.amazonaws.sqs#SerializationException"
    assert said in answer["message"]
