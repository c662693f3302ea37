"""Processes that handlers fork are processes of the application: nothing of the worker is in them."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from pubsub_tasks.environments.local_broker import environment
from pubsub_tasks.local.server import LocalServer
from tests.integration.commands import command
from tests.integration.test_worker_command import client

APP = """
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from threading import Thread

from marshmallow import fields
from pubsub_tasks import PubSubMessageSchema, schema, task

forking = multiprocessing.get_context("fork")

def say(*words):
    print(" ".join(map(str, words)) + "\\n", end="", flush=True)

def wait_for(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

@schema
class Job(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.test.pubsub._.created.job"
    name = fields.String(required=True)

@schema
class Result(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.test.pubsub._.created.result"
    name = fields.String(required=True)

@schema
class Limited(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.test.pubsub._.created.limited"
    name = fields.String(required=True)

@schema
class Wave(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.test.pubsub._.created.wave"
    name = fields.String(required=True)

@task(Result)
def result(name):
    say("published by the child:", name)

@task(Limited, timeout=30)
def limited(name):
    pid = os.fork()
    if pid == 0:
        sys.exit(6)
    say("child's exit:", wait_for(pid))

@task(Wave)
async def wave(name):
    import asyncio
    pid = os.fork()
    if pid == 0 and name == "exit":
        sys.exit(8)
    if pid == 0:
        await asyncio.sleep(0)
        say("the child went on")
    say("child's exit:", wait_for(pid))

def sleep_for_ever():
    time.sleep(10_000)

def square(number):
    return number * number

def publish():
    result.publish(name="child")

@task(Job)
def job(name):
    getattr(sys.modules[__name__], "do_" + name)()

def do_terminate():
    child = forking.Process(target=sleep_for_ever)
    child.start()
    child.terminate()
    child.join()
    say("child's exit:", child.exitcode)

def do_pool():
    with forking.Pool(2) as pool:
        say("squares:", pool.map(square, [1, 2, 3]))

def do_exit():
    pid = os.fork()
    if pid == 0:
        sys.exit(7)
    say("child's exit:", wait_for(pid))

def do_return():
    pid = os.fork()
    if pid:
        say("child's exit:", wait_for(pid))

def do_fail():
    pid = os.fork()
    if pid == 0:
        raise ValueError("in the child")
    say("child's exit:", wait_for(pid))

def do_publish():
    child = forking.Process(target=publish)
    child.start()
    child.join()
    say("child's exit:", child.exitcode)

def do_read():
    pid = os.fork()
    if pid == 0:
        sys.exit(len(os.read(0, 10)))
    say("child's exit:", wait_for(pid))
    say("cat:", subprocess.run(["cat"], capture_output=True, timeout=30).returncode)

def do_preexec():
    done = subprocess.run(["true"], preexec_fn=lambda: signal.getsignal(signal.SIGTERM))
    say("child's exit:", done.returncode)
"""


class World:
    """A broker with a queue that takes what the app publishes, and where the app lies."""

    def __init__(self, server: LocalServer, place: Path) -> None:
        self.place, self.env = place, environment(server.url)
        sqs, sns = client(server, "sqs"), client(server, "sns")
        self.sqs, self.url = sqs, sqs.create_queue(QueueName="jobs")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        topic = sns.create_topic(Name="results")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
        self.env["PUBSUB_TASKS__SNS_TOPIC_ARNS__DEFAULT"] = topic
        self.env.pop("PUBSUB_TASKS__SNS_TOPIC_ARNS__PREFIX")

    def send(self, name: str, kind: str = "job") -> None:
        body = {"mediaType": f"application/vnd.test.pubsub._.created.{kind}", "name": name}
        self.sqs.send_message(QueueUrl=self.url, MessageBody=json.dumps(body))

    def arguments(self, *more: str) -> list[str]:
        return ["pubsub-worker", "--sqs-queue-url", self.url, "-A", "shop", "--wait-seconds", "1", *more]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "shop.py").write_text(APP)
    with LocalServer() as server:
        yield World(server, tmp_path)


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("terminate", "job", "child's exit: -15"),
        ("pool", "job", "squares: [1, 4, 9]"),
        ("exit", "job", "child's exit: 7"),
        ("return", "job", "child's exit: 0"),
        ("fail", "job", "child's exit: 1"),
        ("publish", "job", "published by the child: child"),
        ("preexec", "job", "child's exit: 0"),
        ("exit", "limited", "child's exit: 6"),
        ("exit", "wave", "child's exit: 8"),
        ("await", "wave", "child's exit: 1"),
    ],
)
def test_what_a_handler_forks_is_a_process_of_its_own(world: World, name: str, kind: str, told: str) -> None:
    # Given a handler that forks
    world.send(name, kind)
    with command(*world.arguments(), cwd=world.place, env=world.env) as worker:
        # When it does so, then the child ends as its own code says
        assert told in worker.wait_for(told.partition(":")[0])
        worker.signal(signal.SIGTERM)
        assert worker.end() == 0
    # And the message was handled once, by the parent
    count = 2 if name == "publish" else 1
    assert f"received {count}, acked {count}, retried 0" in worker.output
    assert worker.output.count(told) == 1
    assert "the child went on" not in worker.output


def test_what_a_supervised_handler_starts_reads_nothing_of_the_supervisor(world: World) -> None:
    world.send("read")
    with command(*world.arguments("--max-tasks", "100"), cwd=world.place, env=world.env) as worker:
        assert "child's exit: 0" in worker.wait_for("child's exit")
        assert "cat: 0" in worker.wait_for("cat:")
        worker.signal(signal.SIGTERM)
        assert worker.end() == 0
