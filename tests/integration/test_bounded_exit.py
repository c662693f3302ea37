"""How a worker's process ends: hooks run, the log is written, and nothing keeps it for ever."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pubsub_tasks.environments.local_broker import environment
from pubsub_tasks.local.server import LocalServer
from tests.integration.commands import command
from tests.integration.test_worker_command import client

APP = """
import atexit
import os
from threading import Event, Thread

from marshmallow import fields
from pubsub_tasks import PubSubMessageSchema, schema, task

@schema
class Job(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.test.pubsub._.created.job"
    name = fields.String(required=True)

def write():
    with open("hook", "a") as file:
        file.write("ran")

def hang():
    print("hanging", flush=True)
    Event().wait()

def for_ever():
    Event().wait()

if os.environ.get("HANGING"):
    atexit.register(hang)
atexit.register(write)

@task(Job)
def job(name):
    if name == "thread":
        Thread(target=for_ever, name="left-by-a-handler", daemon=False).start()
    print("began " + name + "\\n", end="", flush=True)  # one write, though threads print at once
    if name == "stuck":
        for_ever()
"""


class World:
    def __init__(self, server: LocalServer, place: Path) -> None:
        self.place, self.env = place, environment(server.url)
        self.sqs = client(server, "sqs")
        self.url = self.sqs.create_queue(QueueName="jobs")["QueueUrl"]

    def send(self, name: str) -> None:
        body = {"mediaType": "application/vnd.test.pubsub._.created.job", "name": name}
        self.sqs.send_message(QueueUrl=self.url, MessageBody=json.dumps(body))

    def arguments(self, *more: str) -> list[str]:
        return ["pubsub-worker", "--sqs-queue-url", self.url, "-A", "shop", "--wait-seconds", "1", *more]

    @property
    def hook(self) -> str:
        file = self.place / "hook"
        return file.read_text() if file.exists() else ""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "shop.py").write_text(APP)
    with LocalServer() as server:
        yield World(server, tmp_path)


def test_a_thread_that_a_handler_left_running_is_named_and_hooks_run(world: World) -> None:
    world.send("thread")
    with command(*world.arguments("--grace", "4"), cwd=world.place, env=world.env) as worker:
        worker.wait_for("began thread")
        worker.signal(signal.SIGTERM)
        assert worker.end() == 0
    assert "these threads go on, and are not waited for: left-by-a-handler" in worker.output
    assert world.hook == "ran"


def test_a_worker_that_cut_a_handler_runs_hooks_too(world: World) -> None:
    world.send("thread")
    world.send("stuck")
    with command(*world.arguments("--grace", "0"), cwd=world.place, env=world.env) as worker:
        worker.wait_for("began")
        worker.wait_for("began")
        worker.signal(signal.SIGTERM)
        assert worker.end() == 1
    assert "some handlers were cut" in worker.output
    assert world.hook == "ran"


def test_a_hook_that_hangs_keeps_neither_the_process_nor_the_hooks_before_it(world: World) -> None:
    env = {**world.env, "HANGING": "1"}
    world.send("other")
    with command(*world.arguments("--grace", "3"), cwd=world.place, env=env) as worker:
        worker.wait_for("began other")
        worker.signal(signal.SIGTERM)
        assert worker.end() == 0
    assert "hanging" in worker.output
    assert "an atexit hook did not end, and is not waited for" in worker.output
    assert world.hook == "ran"


def test_a_second_signal_waits_for_hooks_shortly(world: World) -> None:
    env = {**world.env, "HANGING": "1"}
    world.send("stuck")
    with command(*world.arguments("--grace", "1000"), cwd=world.place, env=env) as worker:
        worker.wait_for("began stuck")
        worker.signal(signal.SIGTERM)
        worker.wait_for("stopping: SIGTERM")
        worker.signal(signal.SIGTERM)
        assert worker.end() == 1
    assert "an atexit hook did not end" in worker.output
    assert world.hook == "ran"


def test_a_signal_while_hooks_hang_shortens_the_rest(world: World) -> None:
    env = {**world.env, "HANGING": "1"}
    world.send("other")
    with command(*world.arguments("--grace", "1000"), cwd=world.place, env=env) as worker:
        worker.wait_for("began other")
        worker.signal(signal.SIGTERM)
        worker.wait_for("hanging")
        worker.signal(signal.SIGTERM)
        assert worker.end() == 0
    assert world.hook == "ran"


LATE = """
import atexit, os, signal, threading, time
from pubsub_tasks.lifecycle.bounded_exit import exit_within

join = threading.main_thread().join

def late():
    join()
    signalled.wait()

def hang():
    os.kill(os.getpid(), signal.SIGTERM)
    signalled.set()
    threading.Event().wait()

signalled = threading.Event()
threading.main_thread().join = late
atexit.register(hang)
exit_within(0, 1000)
"""


def test_a_signal_before_the_time_limit_is_known_shortens_it_too(tmp_path: Path) -> None:
    # Given a process whose watching thread is late, as on a busy machine, and a signal meanwhile
    with command(sys.executable, "-c", LATE, cwd=tmp_path) as process:
        # Then it ends soon
        assert process.end() == 0


def test_a_recycled_process_runs_hooks_too(world: World) -> None:
    # Given a process that is renewed after one message, and leaves a thread behind
    world.send("thread")
    arguments = world.arguments("--grace", "2", "--max-tasks", "1")
    with command(*arguments, cwd=world.place, env=world.env) as worker:
        # When it was renewed
        worker.wait_for("ended with exit code 75")
        # Then its hooks had run
        assert world.hook == "ran"
        worker.wait_for("jobs: started")
        worker.signal(signal.SIGTERM)
        worker.end()
