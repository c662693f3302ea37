"""Wire: what one receive of ten and one delete of ten cost, by how the calls are made.

One thread, no decoding. The first is boto3 as it comes; below it what each of its documented switches buys,
our own calls by boto3, and those by the fast path, which goes without botocore where all is well.
"""

import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config

from pubsub_tasks.transports.aws.client_settings import USER_AGENT, ClientSettings
from pubsub_tasks.transports.aws.transport import AwsTransport
from tests.benchmarks.section import Figure, Figures, Round, Section, Stage
from tests.benchmarks.stage import filled

SWITCHES: dict[str, dict[str, Any]] = {
    "boto3": {},
    "parameter_validation off": {"parameter_validation": False},
    "short user_agent": {"user_agent": USER_AGENT},
    "retries standard": {"retries": {"mode": "standard", "total_max_attempts": 3}},
    "tcp_keepalive": {"tcp_keepalive": True},
    "no request compression": {"disable_request_compression": True},
}

Pair = Callable[[], object]
"""A receive and a delete."""


def with_boto3(switches: dict[str, Any]) -> Callable[[str], Pair]:
    def at(url: str) -> Pair:
        client = boto3.client("sqs", config=Config(**switches))

        def pair() -> None:
            answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            entries = [
                {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
                for index, message in enumerate(answer["Messages"])
            ]
            client.delete_message_batch(QueueUrl=url, Entries=entries)

        return pair

    return at


def with_ours(fast_path: bool) -> Callable[[str], Pair]:
    def at(url: str) -> Pair:
        queue = AwsTransport(ClientSettings(fast_path=fast_path)).queue(url)
        return lambda: queue.delete([record.receipt_handle for record in queue.receive(10, 1, 30)])

    return at


CONTENDERS = {
    **{name: with_boto3(switches) for name, switches in SWITCHES.items()},
    "ours by boto3": with_ours(fast_path=False),
    "ours by the fast path": with_ours(fast_path=True),
}

WARM = 10
"""Calls before the clock starts: the first makes the connection, and shows the fast path its way."""


def measure(stage: Stage) -> Round:
    calls, found = stage.options.messages(400), {}
    for index, (name, at) in enumerate(CONTENDERS.items()):
        url = filled(stage.sqs, f"{stage.name}-{index}", 10 * (calls + WARM))
        found[name] = _cost(at(url), calls)
    return found


def _cost(pair: Pair, calls: int) -> Figures:
    """Microseconds of one pair: of this thread's CPU, and by the clock."""
    for _ in range(WARM):
        pair()
    worked, began = time.thread_time(), time.perf_counter()
    for _ in range(calls):
        pair()
    return {
        "CPU µs": 1e6 * (time.thread_time() - worked) / calls,
        "µs": 1e6 * (time.perf_counter() - began) / calls,
    }


SECTION = Section(
    "a receive and a delete of ten, on one thread",
    (Figure("CPU µs", ratio=True), Figure("µs", ratio=True)),
    measure,
    dict.fromkeys([name for name in CONTENDERS if name != "boto3"], "boto3"),
)
