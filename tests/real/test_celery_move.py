"""A queue that Celery and pubsub-tasks share: each handles what the other publishes. Celery is the judge."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer

from pubsub_tasks.environments.local_broker import environment
from pubsub_tasks.local.server import start_process
from pubsub_tasks.wire.media_types import topic_name
from tests.integration.commands import command

pytestmark = pytest.mark.real

REPOSITORY = Path(__file__).parents[2]
APP = "examples.celery_move"
MEDIA_TYPE = "application/vnd.shop.pubsub._.created.receipt"


@dataclass(frozen=True)
class Shared:
    """A queue in an SQS, and the environment variables for it."""

    queue_url: str
    env: dict[str, str]

    def sqs(self) -> Any:
        return boto3.client("sqs")

    def python(self, code: str) -> None:
        """Run code of the example in a process of its own."""
        with command(
            sys.executable, "-c", f"from {APP} import *; {code}", cwd=REPOSITORY, env=self.env
        ) as run:
            assert run.end() == 0, run.output

    def pubsub_worker(self, *flags: str) -> Any:
        arguments = ["-q", self.queue_url, "--app", APP, "--wait-seconds", "1", "--concurrency", "1", *flags]
        return command("pubsub-worker", *arguments, cwd=REPOSITORY, env=self.env)

    def celery_worker(self) -> Any:
        arguments = ["-A", APP, "worker", "-P", "solo", "-Q", "receipts", "-l", "INFO"]
        return command("celery", *arguments, cwd=REPOSITORY, env={**self.env, "C_FORCE_ROOT": "1"})

    def depth(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs().get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=names)
        return sum(int(value) for value in found["Attributes"].values())


@pytest.fixture(params=["local", "moto"])
def shared(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shared]:
    with _local() if request.param == "local" else _moto() as (url, account):
        env = environment(url)
        env |= {name: value.replace("000000000000", account) for name, value in env.items()}
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        yield Shared(make_queue(), env)


def make_queue() -> str:
    """Make the queue and the topic of the example, and subscribe the one to the other."""
    sqs, sns = boto3.client("sqs"), boto3.client("sns")
    url: str = sqs.create_queue(QueueName="receipts")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=topic_name(MEDIA_TYPE))["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    return url


def test_a_worker_here_handles_what_celery_publishes(shared: Shared) -> None:
    shared.python("send_receipt_by_celery.delay('o-1', total='9.99')")
    shared.python("send_receipt_by_celery.apply_async(('o-2',), countdown=2)")

    with shared.pubsub_worker() as worker:
        receipts = {worker.wait_for("pubsub-tasks: receipt") for _ in range(2)}
        worker.signal(SIGTERM)
        assert worker.end() == 0
    assert receipts == {
        "pubsub-tasks: receipt for o-1: 9.99, attempt 1",
        "pubsub-tasks: receipt for o-2: 0, attempt 1",
    }
    assert shared.depth() == 0


def test_a_celery_worker_handles_what_is_published_here_for_it(shared: Shared) -> None:
    with shared.celery_worker() as worker:
        worker.wait_for("ready.")
        shared.python("for_celery.publish(order_id='o-3', total='1.50')")
        worker.wait_for("Celery: receipt for o-3: 1.50")
        worker.wait_for("succeeded")
        worker.signal(SIGTERM)
        worker.end()


def test_a_worker_here_handles_what_is_published_for_celery(shared: Shared) -> None:
    shared.python("for_celery.options(expires=600).publish(order_id='o-4')")

    with shared.pubsub_worker("--drain") as worker:
        worker.wait_for("pubsub-tasks: receipt for o-4: 0, attempt 1")
        assert worker.end() == 0


def test_other_tasks_go_to_the_queue_for_them_and_celery_runs_them_there(shared: Shared) -> None:
    rest = shared.sqs().create_queue(QueueName="celery-rest")["QueueUrl"]
    shared.python("celery_app.send_task('shop.other', ('o-5',), queue=QUEUE)")

    with shared.pubsub_worker("--celery-rest-queue", rest, "--drain") as worker:
        assert worker.end() == 0

    (message,) = shared.sqs().receive_message(QueueUrl=rest)["Messages"]
    assert shared.depth() == 0
    assert message["Body"].startswith("eyJ")


@contextmanager
def _local() -> Iterator[tuple[str, str]]:
    process = start_process(0)
    try:
        yield process.url, "000000000000"
    finally:
        process.stop()


@contextmanager
def _moto() -> Iterator[tuple[str, str]]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    urlopen(Request(f"{url}/moto-api/reset", method="POST")).close()  # servers of a process share their state
    try:
        yield url, "123456789012"
    finally:
        server.stop()
