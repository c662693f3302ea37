"""pubsub-worker on a queue of another system's messages: it says whose they are, and leaves them there."""

import json
import signal
from base64 import b64encode
from pathlib import Path

import pytest

from pubsub_tasks.environments.local_broker import environment
from pubsub_tasks.local.server import LocalServer
from tests.integration.commands import command
from tests.integration.test_worker_command import APP, client

GREETING = '{"mediaType": "application/vnd.test.pubsub._.created.greeting", "name": "Ada"}'


def celery_task() -> str:
    message = {
        "body": b64encode(b"[[1], {}, {}]").decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": "shop.add", "id": "i-1"},
        "properties": {"body_encoding": "base64"},
    }
    return b64encode(json.dumps(message).encode()).decode()


@pytest.mark.parametrize("letters", [True, False], ids=["with a dead-letter queue", "without one"])
def test_a_queue_of_celery_tasks_is_left_alone_until_a_message_is_ours(tmp_path: Path, letters: bool) -> None:
    # Given a queue of twelve Celery tasks
    (tmp_path / "shop.py").write_text(APP)
    with LocalServer() as server:
        sqs = client(server, "sqs")
        dead = sqs.create_queue(QueueName="celery-dlq")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})}
        url = sqs.create_queue(QueueName="celery", Attributes=policy if letters else {})["QueueUrl"]
        for _ in range(12):
            sqs.send_message(QueueUrl=url, MessageBody=celery_task())

        # When a worker of ours is pointed at it
        arguments = ("--sqs-queue-url", url, "--app", "shop", "--wait-seconds", "1")
        with command("pubsub-worker", *arguments, cwd=tmp_path, env=environment(server.url)) as worker:
            told = worker.wait_for("Are the queue's URL and the app the right ones?")
            assert len(counted(sqs, dead)) <= 10
            # Then it says whose they are, and goes on all the same
            sqs.send_message(QueueUrl=url, MessageBody=GREETING)
            worker.wait_for("hello Ada")
            worker.signal(signal.SIGTERM)
            assert worker.end() == 0

    assert "ERROR" in told
    assert "Celery tasks (10)" in told


def counted(sqs: object, url: str) -> range:
    """As many as are on the queue."""
    names = ["ApproximateNumberOfMessages"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)  # type: ignore[attr-defined]
    return range(int(found["Attributes"][names[0]]))
