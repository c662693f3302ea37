"""Latency: from the call of SNS's publish to the start of the handler, one message at a time.

    python -m tests.benchmarks.latency [--messages 200] [--runs 3] [--delay-ms 0]

The consumer has long been in its 20 s poll when a message comes. Beside `pubsub-worker` stands a bare boto3
loop, whose handling starts as soon as a receive has returned; the two take turns. Each run gives a p50 and
a p99, and the table their medians, with the lowest and highest beside.
"""

import argparse
import time
from statistics import quantiles
from typing import Any

import boto3
from rich.console import Console
from rich.table import Table

from tests.benchmarks.readings import BODY
from tests.benchmarks.stage import CONSUMERS, broker, consumer, filled, parser, spread

PAUSE = 0.05
"""Seconds until the next, in which the last is deleted and the next poll begins."""


def main(arguments: list[str] | None = None) -> None:
    options = _options(arguments)
    with broker(options.delay_ms, options.endpoint) as sqs:
        runs = {name: [] for name in CONSUMERS}  # type: dict[str, list[list[float]]]
        for number in range(options.runs):
            for name in CONSUMERS:
                runs[name].append(_run(sqs, name, f"latency-{number}-{name}", options.messages))
    Console(width=100).print(_table(runs, options))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--messages", type=int, default=200)
    return made.parse_args(arguments)


def _run(sqs: Any, name: str, queue: str, messages: int) -> list[float]:
    url = filled(sqs, queue, 1)
    sns = boto3.client("sns")
    topic = sns.create_topic(Name=queue)["TopicArn"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    raw = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=raw)
    taken = []
    with consumer(name, url) as times:
        next(times)
        for _ in range(messages):
            time.sleep(PAUSE)
            published = time.perf_counter()
            sns.publish(TopicArn=topic, Message=BODY)
            taken.append(1000 * (next(times) - published))
    return taken


def _table(runs: dict[str, list[list[float]]], options: argparse.Namespace) -> Table:
    title = (
        f"publish to handler, {options.messages} messages, {options.delay_ms:g} ms added, {options.runs} runs"
    )
    table = Table("consumer", "p50 ms", "p99 ms", title=title)
    for name, taken in runs.items():
        cuts = [quantiles(each, n=100, method="inclusive") for each in taken]
        table.add_row(
            name, spread([cut[49] for cut in cuts], ".2f"), spread([cut[98] for cut in cuts], ".2f")
        )
    return table


if __name__ == "__main__":
    main()
