"""Wire: what one receive of ten and one delete of ten cost, by how the calls are made.

    python -m tests.benchmarks.wire [--calls 500] [--runs 3] [--delay-ms 0]

One thread, no decoding. The first is boto3 as it comes; below it what each of its documented switches buys,
our own calls by boto3, and those by the fast path, which goes without botocore where all is well.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import boto3
from botocore.config import Config
from rich.console import Console
from rich.table import Table

from pubsub_tasks.transports.aws.client_settings import ClientSettings, user_agent
from pubsub_tasks.transports.aws.transport import AwsTransport
from tests.benchmarks.stage import broker, filled, parser, spread

AGENT = user_agent()
SWITCHES: dict[str, dict[str, Any]] = {
    "boto3": {},
    "parameter_validation off": {"parameter_validation": False},
    "short user_agent": {"user_agent": AGENT},
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


def main(arguments: list[str] | None = None) -> None:
    made = parser(__doc__)
    made.add_argument("--calls", type=int, default=500)
    options = made.parse_args(arguments)
    with broker(options.delay_ms, options.endpoint) as sqs:
        rounds = [
            {
                name: _cost(
                    at(filled(sqs, f"wire-{number}-{index}", 10 * (options.calls + WARM))), options.calls
                )
                for index, (name, at) in enumerate(CONTENDERS.items())
            }
            for number in range(options.runs)
        ]
    Console(width=100).print(_table(rounds))


def _cost(pair: Pair, calls: int) -> tuple[float, float]:
    """Microseconds of one pair: of this thread's CPU, and by the clock."""
    for _ in range(WARM):
        pair()
    worked, began = time.thread_time(), time.perf_counter()
    for _ in range(calls):
        pair()
    return 1e6 * (time.thread_time() - worked) / calls, 1e6 * (time.perf_counter() - began) / calls


def _table(rounds: list[dict[str, tuple[float, float]]]) -> Table:
    table = Table("calls", "CPU µs", "x boto3", "µs by the clock", title="a receive and a delete of ten")
    for name in CONTENDERS:
        ratio = median(each[name][0] / each["boto3"][0] for each in rounds)
        cpu, clock = ([each[name][index] for each in rounds] for index in (0, 1))
        table.add_row(name, spread(cpu), f"{ratio:.2f}", spread(clock))
    return table


if __name__ == "__main__":
    main()
