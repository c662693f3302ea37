"""Publishing beside bare boto3, in one run, against the local broker in a process of its own.

    python -m tests.benchmarks.publishing [--messages 2000] [--runs 3] [--delay-ms 0]

Each way of ours stands beside the boto3 loop that does the same: `publish`, or `publish_batch` of ten.
The bare loops write the same body with `json.dumps`, and neither validate nor serialize by a schema.
Contenders take turns in one process; a figure is the median of its runs, and a ratio is to the bare
loop of the same round.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from uuid import uuid4

import boto3
from botocore.config import Config
from marshmallow import fields
from rich.console import Console
from rich.table import Table

from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.publishing.producer import Producer
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.tasks.publishable import Publishable
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.transports.aws.clients import ClientSettings
from pubsub_tasks.transports.aws.transport import AwsTransport
from tests.benchmarks.stage import broker, parser

MEDIA_TYPE = "application/vnd.bench.pubsub._.created.order"
THREADS = 8
AT_ONCE = 8
"""Coroutines that publish beside each other, as requests to a web server do."""

Work = Callable[[int], None]


class Ordered(PubSubMessageSchema):
    MEDIA_TYPE = MEDIA_TYPE

    order_id = fields.String(required=True)
    total = fields.Decimal(required=True, as_string=True)


def content(number: int) -> dict[str, str]:
    return {"order_id": f"order-{number}", "total": "9.99"}


class Bare:
    """What one writes without a library."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._sns = boto3.client("sns", config=Config(max_pool_connections=THREADS))

    def single(self, messages: int) -> None:
        for number in range(messages):
            self._sns.publish(TopicArn=self._topic, **self._message(number))

    def batched(self, messages: int) -> None:
        for start in range(0, messages, 10):
            entries = [{"Id": str(index), **self._message(start + index)} for index in range(10)]
            answer = self._sns.publish_batch(TopicArn=self._topic, PublishBatchRequestEntries=entries)
            assert not answer.get("Failed")

    def threads(self, messages: int) -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(self.single, [messages // THREADS] * THREADS))

    def _message(self, number: int) -> dict[str, object]:
        headers = {"x-message-id": str(uuid4()), "x-request-id": str(uuid4()), "x-request-ttl": "32"}
        headers["x-request-published"] = str(time.time())
        body = json.dumps({"mediaType": MEDIA_TYPE, "opaqueData": headers, **content(number)})
        attributes = {"media_type": {"DataType": "String", "StringValue": MEDIA_TYPE}}
        return {"Message": body, "MessageAttributes": attributes}


class Ours:
    """The same by an outlet."""

    def __init__(self, topic: str) -> None:
        tasks = Tasks()
        transport = AwsTransport(ClientSettings(max_pool_connections=THREADS * 2))
        tasks.bind(Producer(transport.publisher(), Topics({MEDIA_TYPE: topic}), tasks.schemas))
        self._outlet: Publishable = tasks.publishable(Ordered)

    def single(self, messages: int) -> None:
        for number in range(messages):
            self._outlet.publish(**content(number))

    def batched(self, messages: int) -> None:
        self._outlet.publish_many(content(number) for number in range(messages))

    def coroutines(self, messages: int) -> None:
        async def some(count: int) -> None:
            for number in range(count):
                await self._outlet.apublish(**content(number))

        async def main() -> None:
            await asyncio.gather(*(some(messages // AT_ONCE) for _ in range(AT_ONCE)))

        asyncio.run(main())

    def threads(self, messages: int) -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(self.single, [messages // THREADS] * THREADS))


def main(arguments: list[str] | None = None) -> None:
    options = _options(arguments)
    with broker(options.delay_ms, options.endpoint):
        topic = boto3.client("sns").create_topic(Name="bench")["TopicArn"]
        bare, ours = Bare(topic), Ours(topic)
        pairs: list[tuple[str, Work, Work]] = [
            ("single", ours.single, bare.single),
            ("ten to a call", ours.batched, bare.batched),
            (f"{THREADS} threads", ours.threads, bare.threads),
            (f"{AT_ONCE} coroutines, beside {THREADS} threads", ours.coroutines, bare.threads),
        ]
        for _, work, bare_work in pairs:
            work(min(200, options.messages)), bare_work(min(200, options.messages))
        rounds = [
            [(_rate(a, options.messages), _rate(b, options.messages)) for _, a, b in pairs]
            for _ in range(options.runs)
        ]
    Console(width=100).print(_table([name for name, *_ in pairs], rounds))


def _rate(work: Work, messages: int) -> float:
    started = time.perf_counter()
    work(messages)
    return messages / (time.perf_counter() - started)


def _table(names: list[str], rounds: list[list[tuple[float, float]]]) -> Table:
    table = Table("", "ours /s", "bare /s", "ours ÷ bare", title="messages published")
    for index, name in enumerate(names):
        figures = [each[index] for each in rounds]
        ratios = sorted(ours / bare for ours, bare in figures)
        table.add_row(
            name,
            f"{median(ours for ours, _ in figures):,.0f}",
            f"{median(bare for _, bare in figures):,.0f}",
            f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})",
        )
    return table


def _options(arguments: list[str] | None) -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--messages", type=int, default=2_000)
    return made.parse_args(arguments)


if __name__ == "__main__":
    main()
