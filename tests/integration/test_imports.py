"""What a worker has imported when it handles its first message, with keys of its environment or container."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from pubsub_tasks.environments.local_broker import environment
from pubsub_tasks.local.server import LocalServer
from tests.integration.commands import command
from tests.transports.conftest import serving_keys

APP = """
import gc
import sys
from pubsub_tasks import PubSubMessageSchema, task
from marshmallow import fields

class Greeting(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.greeting"
    name = fields.String(required=True)

assert gc.isenabled() and gc.get_freeze_count() > 10_000  # before the app's own code runs

@task(Greeting)
def greet(name):
    print("modules", *sys.modules)
"""

MOST = 190
"""Of our own modules, 1 % above today's."""

PACKAGES = {
    *("backports", "botocore", "certifi", "click", "importlib_metadata", "inflection", "lazy"),
    *("marshmallow", "microcosm", "lazy_importer", "pubsub_tasks", "tenacity", "urllib3", "zipp"),
}
"""All that is imported, besides the standard library."""

UNNEEDED = {
    "asyncio": "for coroutine functions",
    "boto3": "and botocore's clients, which take half of what a start would take",
    "botocore.client": "which makes boto3's clients",
    "botocore.credentials": "for keys that expire soon, with half of botocore",
    "botocore.httpsession": "which imports half of botocore",
    "email.policy": "for the metadata of installed packages",
    "http.server": "for --health-port",
    "kombu": "for other content than JSON",
    "msgspec": "for many messages",
    "prometheus_client": "for --health-port",
    "rich": "for tables",
    "xml.etree.ElementTree": "for publishing",
    "pubsub_tasks.cli.serving.supervise": "for several processes",
    "pubsub_tasks.consumer": "for code that handles messages by itself",
    "pubsub_tasks.environments.memory": "for tests",
    "pubsub_tasks.local": "for --local",
    "pubsub_tasks.provisioning": "for --local",
    "pubsub_tasks.redrive": "for dead-letter commands",
    "pubsub_tasks.telemetry.metrics": "for --health-port",
    "pubsub_tasks.testing": "for tests",
}


@pytest.fixture
def queue_url() -> Iterator[str]:
    """A queue with a dead-letter queue and one message; the environment says where it is."""
    with LocalServer() as server, pytest.MonkeyPatch.context() as monkeypatch:
        for name in [name for name in os.environ if name.upper().endswith(("_FILE", "_BUNDLE", "_PROXY"))]:
            monkeypatch.delenv(name)
        for name, value in environment(server.url).items():
            monkeypatch.setenv(name, value)
        sqs = boto3.client("sqs")
        dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 100})
        url: str = sqs.create_queue(QueueName="greetings", Attributes={"RedrivePolicy": policy})["QueueUrl"]
        body = {"mediaType": "application/vnd.shop.greeting", "opaqueData": {}, "name": "Ada"}
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))
        yield url


@pytest.fixture(params=["environment", "container"])
def keys(request: pytest.FixtureRequest, queue_url: str) -> Iterator[None]:
    """Where the worker finds its keys."""
    if request.param == "environment":
        yield
        return
    with serving_keys() as server, pytest.MonkeyPatch.context() as monkeypatch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/v1/credentials")
        yield


def test_a_worker_imports_what_it_needs_and_no_more(
    queue_url: str, keys: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "greetings.py").write_text(APP)
    monkeypatch.setenv("HOME", str(tmp_path))
    arguments = ["pubsub-worker", "--app", "greetings", "--once", "--sqs-queue-url", queue_url]

    with command(*arguments, cwd=tmp_path) as worker:
        imported = set(worker.wait_for("modules").split()[1:])
        assert worker.end() == 0, worker.output

    packages = {name.partition(".")[0] for name in imported} - sys.stdlib_module_names
    packages = {name for name in packages if not name.startswith("_")} - {"greetings"}
    assert imported & set(UNNEEDED) == set()
    assert packages <= PACKAGES
    assert len([name for name in imported if name.startswith("pubsub_tasks")]) <= MOST
