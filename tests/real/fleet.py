"""A fleet of two releases: their processes, the broker that they share, and the ledger of what they did."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Event, Thread
from time import time
from typing import Any

import boto3

from pubsub_tasks.local.asgi_app import BrokerApp
from pubsub_tasks.local.listener import Listener
from pubsub_tasks.local.rules.broker import Broker
from pubsub_tasks.local.server import ACCOUNT, REGION
from tests.integration.commands import Command, command
from tests.real.fleet_app import LEDGER, PARCELS, RELEASE

REPOSITORY = Path(__file__).parents[2]
APP = "tests.real.fleet_app:tasks"

WORKER = """
import time
now = time.time
time.time = lambda: now() + {later}
from pubsub_tasks.cli.worker import main
main()
"""
COMMANDS = """
import json, sys
from pubsub_tasks.cli.root_command import command
for arguments in json.loads(sys.argv[1]):
    command(arguments, standalone_mode=False)
"""
"""In one process, since most of the time of one is its start."""

Line = dict[str, Any]
Env = dict[str, str]


class Release:
    """One release of the package: its processes, which find it before any other."""

    def __init__(self, name: str, home: Path, env: Env) -> None:
        self.name = name
        self._home = home
        paths = [str(home), str(REPOSITORY)]
        self._env = env | {RELEASE: name, "PYTHONPATH": ":".join(paths)}

    @property
    def package(self) -> str:
        return str(self._home / "pubsub_tasks")

    def publish(self, function: Callable[[], None]) -> None:
        """Call a function of the application."""
        self._ended(sys.executable, "-c", f"from tests.real.fleet_app import *; {function.__name__}()")

    def work(self, queue: str, *flags: str, later: float = 0, env: Env | None = None) -> None:
        """Run a worker to its end; on its clock it is so many seconds `later`."""
        with self.worker(queue, *flags, later=later, env=env) as worker:
            assert worker.end() == 0, worker.output

    def worker(
        self, queue: str, *flags: str, later: float = 0, env: Env | None = None
    ) -> AbstractContextManager[Command]:
        arguments = ["-q", self._url(queue), "--app", APP, "--wait-seconds", "1", *flags]
        return self._run(sys.executable, "-c", WORKER.format(later=later), *arguments, env=env)

    def dlq(self, *commands: list[str], queue: str = PARCELS) -> list[str]:
        """The lines that `pubsub-tasks dlq` prints for these commands on the dead letters of a queue."""
        full = [["dlq", *each, "--queue-url", self._url(queue)] for each in commands]
        return self._ended(sys.executable, "-c", COMMANDS, json.dumps(full)).splitlines()

    def _url(self, queue: str) -> str:
        return self._env["PUBSUB_TASKS__SQS_QUEUE_URLS__PREFIX"] + queue

    def _ended(self, *arguments: str) -> str:
        with self._run(*arguments) as run:
            assert run.end() == 0, run.output
            return run.output

    def _run(self, *arguments: str, env: Env | None = None) -> AbstractContextManager[Command]:
        return command(*arguments, cwd=self._home, env=self._env | (env or {}))


class Fleet:
    """Both releases on one broker, whose clock can be set forward, and the ledger of their tasks."""

    def __init__(self, broker: "SettableBroker", env: Env, previous: Path, ledger: Path) -> None:
        self.broker = broker
        self._ledger = ledger
        ledger.touch()
        self._queues = env["PUBSUB_TASKS__SQS_QUEUE_URLS__PREFIX"]
        env = env | {LEDGER: str(ledger)}
        self.previous = Release("previous", previous, env)
        self.today = Release("today", REPOSITORY, env)

    def lines(self) -> list[Line]:
        """What the ledger holds, each line by the release that it says. Clears it."""
        found = [json.loads(line) for line in self._ledger.read_text().splitlines()]
        for line in found:
            release = self.previous if line["release"] == "previous" else self.today
            assert line["package"] == release.package
        self._ledger.write_text("")
        return found

    def url(self, queue: str) -> str:
        return self._queues + queue

    def receive_and_resend(self, queue: str, attributes: dict[str, str]) -> None:
        """Put the queue's only message back with more attributes, and received once already."""
        sqs, url = boto3.client("sqs"), self.url(queue)
        (message,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
        more = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        given = {**message["MessageAttributes"], **more}
        sqs.send_message(QueueUrl=url, MessageBody=message["Body"], MessageAttributes=given)
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]


class SettableBroker:
    """The local broker in a thread. `later` is how many seconds its clock is ahead."""

    def __init__(self) -> None:
        self.later = 0.0
        broker = Broker(REGION, ACCOUNT)
        app = BrokerApp(broker, clock=lambda: time() + self.later)
        self._ready = Event()
        self._listener = Listener(app, 0, self._ready.set)
        self.url = broker.endpoint = self._listener.url

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = Thread(target=self._listener.listen)
        thread.start()
        try:
            self._ready.wait()
            yield
        finally:
            self._listener.should_exit = True
            thread.join()
