"""Stage: the broker in a process of its own, queues filled, consumers beside it, and figures as text."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import Request, urlopen

import boto3

from pubsub_tasks.environments.local_broker import environment
from pubsub_tasks.local.server import start_process
from tests.benchmarks.endpoint import ACCOUNT as CANNED
from tests.benchmarks.readings import BODY

ROOT = Path(__file__).parents[2]

CONSUMERS = {
    "bare": [sys.executable, "-m", "tests.benchmarks.loop"],
    "pubsub-worker": [
        str(Path(sys.executable).with_name("pubsub-worker")),
        *("--app", "tests.benchmarks.app", "--log-level", "warning", "--sqs-queue-url"),
    ],
}
"""Commands that print when each message's handling started; the queue's URL is the last argument."""


def parser(doc: str | None, runs: int | None = 3, delay: bool = True) -> argparse.ArgumentParser:
    """Options; `runs` is None where one run tells all, `delay` is False where a network changes nothing."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    if runs is not None:
        made.add_argument("--runs", type=int, default=runs)
    if delay:
        made.add_argument("--delay-ms", type=float, default=0, help="added to each answer of the endpoint")
    made.add_argument("--endpoint", choices=list(ENDPOINTS), default="local", help="what stands in for AWS")
    return made


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


ENDPOINTS = {"local": _local, "canned": _canned}
"""The local broker, and the canned endpoint of `tests.benchmarks.endpoint`."""


@contextmanager
def broker(delay_ms: float = 0, endpoint: str = "local") -> Iterator[Any]:
    """An endpoint that the environment tells of, as long as the block lasts; gives a client of its queues."""
    with ENDPOINTS[endpoint](delay_ms) as url:
        os.environ.update(environment(url))
        yield boto3.client("sqs")


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


@contextmanager
def consumer(name: str, url: str) -> Iterator[Iterator[float]]:
    """One of CONSUMERS beside us; gives the times at which it starts to handle."""
    command = [*CONSUMERS[name], url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        try:
            yield _times(name, process)
        finally:
            process.kill()


def _times(name: str, process: "subprocess.Popen[bytes]") -> Iterator[float]:
    assert process.stdout is not None
    assert process.stderr is not None
    for line in process.stdout:
        yield float(line)
    raise SystemExit(f"{name} ended:\n{process.stderr.read().decode()}")


def spread(values: Sequence[float], form: str = ",.0f") -> str:
    """The median, with the lowest and highest beside."""
    return f"{median(values):{form}} ({min(values):{form}}..{max(values):{form}})"
