"""Publishing: our ways, each beside the boto3 loop that does the same.

The bare loops write the same body with `json.dumps`, and neither validate nor serialize by a schema.
"""

import asyncio
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import uuid4

import boto3
from botocore.config import Config

from pubsub_tasks import Tasks
from pubsub_tasks.publishing.producer import Producer
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.tasks.publishable import Publishable
from pubsub_tasks.transports.aws.client_settings import ClientSettings
from pubsub_tasks.transports.aws.transport import AwsTransport
from tests.benchmarks.counted import Goal
from tests.benchmarks.orders import CONTENT, OrderPlaced

THREADS = 8
AT_ONCE = 8
"""Coroutines that publish beside each other, as requests to a web server do."""


class Bare:
    """What one writes without a library."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._sns = boto3.client("sns", config=Config(max_pool_connections=THREADS))

    def single(self, messages: int) -> None:
        for _ in range(messages):
            self._sns.publish(TopicArn=self._topic, **self._message())

    def batched(self, messages: int) -> None:
        for _ in range(0, messages, 10):
            entries = [{"Id": str(index), **self._message()} for index in range(10)]
            answer = self._sns.publish_batch(TopicArn=self._topic, PublishBatchRequestEntries=entries)
            assert not answer.get("Failed")

    def threads(self, messages: int) -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(self.single, [messages // THREADS] * THREADS))

    def _message(self) -> dict[str, object]:
        headers = {"x-message-id": str(uuid4()), "x-request-id": str(uuid4()), "x-request-ttl": "32"}
        headers["x-request-published"] = str(time.time())
        body = json.dumps({"mediaType": OrderPlaced.MEDIA_TYPE, "opaqueData": headers, **CONTENT})
        attributes = {"media_type": {"DataType": "String", "StringValue": OrderPlaced.MEDIA_TYPE}}
        return {"Message": body, "MessageAttributes": attributes}


class Ours:
    """The same by an outlet."""

    def __init__(self, topic: str) -> None:
        tasks = Tasks()
        transport = AwsTransport(ClientSettings(max_pool_connections=THREADS * 2))
        tasks.bind(Producer(transport.publisher(), Topics({OrderPlaced.MEDIA_TYPE: topic}), tasks.schemas))
        self._outlet: Publishable = tasks.publishable(OrderPlaced)

    def single(self, messages: int) -> None:
        for _ in range(messages):
            self._outlet.publish(**CONTENT)

    def batched(self, messages: int) -> None:
        self._outlet.publish_many(CONTENT for _ in range(messages))

    def coroutines(self, messages: int) -> None:
        async def some(count: int) -> None:
            for _ in range(count):
                await self._outlet.apublish(**CONTENT)

        async def main() -> None:
            await asyncio.gather(*(some(messages // AT_ONCE) for _ in range(AT_ONCE)))

        asyncio.run(main())

    def threads(self, messages: int) -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(self.single, [messages // THREADS] * THREADS))


def publishing(
    made: Callable[[str], Bare | Ours], way: str, batch: int, topic: str, goal: Goal
) -> Callable[[], int]:
    """A contender that publishes as many as the goal says, and returns its calls."""
    publisher = made(topic)
    work: Callable[[int], None] = getattr(publisher, way)
    work(80)  # connects, and takes what is made once

    def publish() -> int:
        work(goal.messages)
        goal.add(goal.messages)
        return goal.messages // batch

    return publish


PUBLISHING = {
    "bare publish": (1, partial(publishing, Bare, "single", 1)),
    "publish": (1, partial(publishing, Ours, "single", 1)),
    "bare publish_batch": (1, partial(publishing, Bare, "batched", 10)),
    "publish_many": (1, partial(publishing, Ours, "batched", 10)),
    "bare publish, 8 threads": (1, partial(publishing, Bare, "threads", 1)),
    "publish, 8 threads": (1, partial(publishing, Ours, "threads", 1)),
    "apublish, 8 coroutines": (1, partial(publishing, Ours, "coroutines", 1)),
}
