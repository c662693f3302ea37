"""Stage: an endpoint in a process of its own, queues filled, and consumers beside it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3

from pubsub_tasks.environments.local_broker import environment
from pubsub_tasks.local.server import start_process
from tests.benchmarks.endpoint import ACCOUNT as CANNED
from tests.benchmarks.orders import BODY

ROOT = Path(__file__).parents[2]

CONSUMERS = {
    "bare": [sys.executable, "-m", "tests.benchmarks.loop"],
    "pubsub-worker": [
        str(Path(sys.executable).with_name("pubsub-worker")),
        *("--app", "tests.benchmarks.app", "--log-level", "warning", "--sqs-queue-url"),
    ],
}
"""Commands that print when each message's handling started; the queue's URL is the last argument."""


@contextmanager
def _local(delay_ms: float) -> Iterator[str]:
    process = start_process(0, delay_ms=delay_ms)
    try:
        yield process.url
    finally:
        process.stop()


@contextmanager
def _canned(delay_ms: float) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.benchmarks.endpoint", "--delay-ms", str(delay_ms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().decode().strip()
        finally:
            process.kill()


ENDPOINTS = {"canned": _canned, "local": _local}
"""The canned endpoint of `tests.benchmarks.endpoint`, and the local broker."""


@contextmanager
def started(endpoint: str, delay_ms: float = 0) -> Iterator[tuple[str, Any]]:
    """The URL of an endpoint that the environment tells of, and a client of its queues."""
    # What is installed has its bytecode, so what is measured has its own too.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with ENDPOINTS[endpoint](delay_ms) as url:
        os.environ.update(environment(url))
        yield url, boto3.client("sqs")


def filled(sqs: Any, name: str, messages: int) -> str:
    """A new queue's URL."""
    url: str = sqs.create_queue(QueueName=name)["QueueUrl"]
    fill(sqs, url, messages)
    return url


def fill(sqs: Any, url: str, messages: int) -> None:
    server, ours, name = url.partition(f"/{CANNED}/")
    if ours:
        asked = json.dumps({"queue": name, "messages": messages}).encode()
        urlopen(Request(f"{server}/fill", asked), timeout=10).close()
        return

    def send(start: int) -> None:
        entries = [{"Id": str(index), "MessageBody": BODY} for index in range(min(10, messages - start))]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(0, messages, 10)))


class Consumer:
    """One of CONSUMERS beside us: the times at which it starts to handle, and its process."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]") -> None:
        self._name, self._process = name, process
        self.pid = process.pid

    def next(self) -> float:
        """When it started to handle the next message."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        if line := self._process.stdout.readline():
            return float(line)
        raise SystemExit(f"{self._name} ended:\n{self._process.stderr.read().decode()}")


@contextmanager
def consumer(name: str, url: str, env: dict[str, str] | None = None) -> Iterator[Consumer]:
    """One of CONSUMERS, with these environment variables or ours."""
    command = [*CONSUMERS[name], url]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=env
    ) as process:
        try:
            yield Consumer(name, process)
        finally:
            process.kill()


def contender(name: str, target: str, messages: int) -> dict[str, float]:
    """Run one of `tests.benchmarks.contenders` in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.contenders", name, target, str(messages)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    figures: dict[str, float] = json.loads(done.stdout)
    return {
        "messages/s": messages / figures["seconds"],
        "CPU ms/1,000": 1_000_000 * figures["cpu"] / messages,
        "calls/message": figures["calls"] / messages,
    }
