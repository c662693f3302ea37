"""An idle worker of a FIFO queue stops without waiting for its poll, and takes nothing with it."""

import json
import signal
from pathlib import Path
from time import monotonic

import boto3
import pytest

from pubsub_tasks.environments.local_broker import environment
from pubsub_tasks.local.server import LocalServer
from tests.integration.commands import command

WAIT = 20
"""Seconds of a poll."""

APP = """
from marshmallow import fields
from pubsub_tasks import PubSubMessageSchema, schema, task

@schema
class Job(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.test.pubsub._.created.job"
    name = fields.String(required=True)

@task(Job)
def work(name):
    print(f"did {name}", flush=True)
"""


@pytest.mark.parametrize("processes", ["1", "2"])
def test_an_idle_fifo_worker_ends_its_poll_on_sigterm(tmp_path: Path, processes: str) -> None:
    (tmp_path / "shop.py").write_text(APP)
    with LocalServer() as server:
        # Given a worker of a FIFO queue that has done its work and polls
        sqs = boto3.client(
            "sqs",
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )
        url = sqs.create_queue(QueueName="jobs.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]

        def send(name: str) -> None:
            body = {"mediaType": "application/vnd.test.pubsub._.created.job", "name": name}
            sqs.send_message(
                QueueUrl=url, MessageBody=json.dumps(body), MessageGroupId="g", MessageDeduplicationId=name
            )

        send("first")
        arguments = ["--sqs-queue-url", url, "-A", "shop", "--wait-seconds", str(WAIT), "--grace", "60"]
        with command(
            "pubsub-worker",
            *arguments,
            "--processes",
            processes,
            cwd=tmp_path,
            env=environment(server.url),
        ) as worker:
            worker.wait_for("did first")
            # When it is asked to stop
            began = monotonic()
            worker.signal(signal.SIGTERM)
            # Then it does so long before the poll would end
            assert worker.end() == 0
            assert monotonic() - began < WAIT / 2
        assert "received 1, acked 1" in worker.output
        # And what arrives afterwards is there for the next worker
        send("second")
        (message,) = sqs.receive_message(
            QueueUrl=url, MessageSystemAttributeNames=["ApproximateReceiveCount"]
        )["Messages"]
        assert json.loads(message["Body"])["name"] == "second"
        assert message["Attributes"]["ApproximateReceiveCount"] == "1"
