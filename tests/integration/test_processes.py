"""pubsub-worker as several processes: what its users see, and what becomes of messages meanwhile."""

import json
import signal
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from pubsub_tasks.environments.local_broker import environment
from pubsub_tasks.local.server import LocalServer
from tests.integration.commands import command, outcome
from tests.integration.test_worker_command import client
from tests.worker.shop import until

APP = """
import os

from marshmallow import fields
from pubsub_tasks import PubSubMessageSchema, schema, task

@schema
class Greeting(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.test.pubsub._.created.greeting"
    name = fields.String(required=True)

@task(Greeting)
def greet(name):
    print("hello", name, "from", os.getpid(), flush=True)
    if name == "death" and not os.path.exists("died"):
        open("died", "w").close()
        os.kill(os.getpid(), 9)
"""


class World:
    """A broker with a queue, and where an app lies."""

    def __init__(self, server: LocalServer, place: Path) -> None:
        self.place = place
        self.env = environment(server.url)
        self.sqs = client(server, "sqs")
        self.urls = [self.sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("one", "two")]

    def arguments(self, *more: str, urls: int = 1) -> list[str]:
        told = [argument for url in self.urls[:urls] for argument in ("--sqs-queue-url", url)]
        return ["pubsub-worker", *told, "--app", "shop", "--wait-seconds", "1", *more]

    def greet(self, *names: str, queue: int = 0) -> None:
        for name in names:
            body = {"mediaType": "application/vnd.test.pubsub._.created.greeting", "name": name}
            self.sqs.send_message(QueueUrl=self.urls[queue], MessageBody=json.dumps(body))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "shop.py").write_text(APP)
    with LocalServer() as server:
        yield World(server, tmp_path)


def ask(port: int, path: str) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except ConnectionRefusedError:
        return 0, None
    finally:
        connection.close()


def test_several_queues_are_served_by_a_process_each_until_a_signal(world: World) -> None:
    with command(*world.arguments(urls=2), cwd=world.place, env=world.env) as worker:
        world.greet("Ada")
        world.greet("Grace", queue=1)
        greeted = {worker.wait_for("hello").split()[1::2][0] for _ in range(2)}
        worker.signal(signal.SIGTERM)
        assert worker.end() == 0
    assert greeted == {"Ada", "Grace"}
    assert "one: started, pid" in worker.output
    assert "two: one" not in worker.output
    assert "one: one: received 1, acked 1" in worker.output
    assert "all 2 processes ended: received 2, acked 2" in worker.output


def test_a_process_that_dies_is_replaced_and_its_message_is_handled(world: World) -> None:
    arguments = world.arguments("--processes", "2", "--visibility-timeout", "2")
    with command(*arguments, cwd=world.place, env=world.env) as worker:
        world.greet("death")
        worker.wait_for("ended with SIGKILL, restarting in 1 s")
        worker.wait_for("hello death")
        worker.signal(signal.SIGTERM)
        assert worker.end() == 0
    assert world.sqs.get_queue_attributes(
        QueueUrl=world.urls[0], AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"] == {"ApproximateNumberOfMessages": "0"}


def test_processes_are_renewed_after_so_many_messages(world: World) -> None:
    world.greet("Ada")
    with command(*world.arguments("--max-tasks", "1"), cwd=world.place, env=world.env) as worker:
        first = worker.wait_for("hello Ada").split()[-1]
        worker.wait_for("stopping: the process has reached its limit")
        worker.wait_for("ended with exit code 75, restarting")
        world.greet("Grace")
        assert worker.wait_for("hello Grace").split()[-1] != first
        worker.signal(signal.SIGINT)
        assert worker.end() == 0


def test_what_is_wrong_is_said_once(world: World) -> None:
    code, output = outcome(
        *world.arguments("--processes", "3", "--app", "nowhere"), cwd=world.place, env=world.env
    )
    assert code == 2
    assert output.count("nowhere: cannot be imported") == 1


def test_no_process_outlives_its_supervisor(world: World) -> None:
    with command(*world.arguments("--processes", "2"), cwd=world.place, env=world.env) as worker:
        pids = [int(worker.wait_for("started, pid").split()[-1]) for _ in range(2)]
        worker.process.kill()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_health_is_told_of_all_processes_at_one_port(world: World) -> None:
    port = _free_port()
    arguments = world.arguments("--health-port", str(port), urls=2)
    with command(*arguments, cwd=world.place, env=world.env) as worker:
        until(lambda: ask(port, "/readyz")[0] == 200)
        assert ask(port, "/healthz") == (200, {"one": {"one": True}, "two": {"two": True}})
        world.greet("Ada")
        worker.wait_for("hello Ada")
        until(lambda: ask(port, "/status")[1]["one"]["per_second"] != {})
        status = ask(port, "/status")[1]
        assert status["one"]["queues"][0]["counts"]["received"] == 1
        worker.signal(signal.SIGTERM)
        assert worker.end() == 0


def test_health_of_a_single_process(world: World) -> None:
    port = _free_port()
    with command(*world.arguments("--health-port", str(port)), cwd=world.place, env=world.env) as worker:
        until(lambda: ask(port, "/readyz")[0] == 200)
        assert ask(port, "/status")[1]["queues"][0]["queue"] == "one"
        worker.signal(signal.SIGTERM)
        assert worker.end() == 0


@pytest.mark.parametrize("flag", ["--once", "--drain"])
def test_a_job_for_cron_handles_what_is_there_and_ends(world: World, flag: str) -> None:
    world.greet("Ada", "Grace")
    code, output = outcome(*world.arguments(flag), cwd=world.place, env=world.env)
    assert code == 0
    assert "stopping: nothing more to do" in output
    assert "received 2, acked 2" in output


def test_a_changed_source_is_run(world: World) -> None:
    with command(*world.arguments("--reload"), cwd=world.place, env=world.env) as worker:
        worker.wait_for("dead letters:")
        (world.place / "shop.py").write_text("no python")
        worker.wait_for("sources changed")
        worker.wait_for("ended with exit code 2, waiting for a change")
        (world.place / "shop.py").write_text(APP.replace("hello", "good morning"))
        worker.wait_for("dead letters:")
        world.greet("Ada")
        worker.wait_for("good morning Ada")
        worker.signal(signal.SIGTERM)
        assert worker.end() == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--once", "--drain"], "give --once or --drain, not both"),
        (["--testing", "--processes", "2"], "are handled in one process"),
        (
            ["--health-port", "1", "--health-host", "256.256.256.256"],
            "--health-port 1: cannot listen on 256.256",
        ),
    ],
)
def test_flags_that_do_not_go_together_are_told(world: World, arguments: list[str], told: str) -> None:
    code, output = outcome(*world.arguments(*arguments), cwd=world.place, env=world.env)
    assert code == 2
    assert told in output
    assert "Traceback" not in output


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
