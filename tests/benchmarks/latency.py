"""Latency: from the call of SNS's publish to the start of the handler, one message at a time.

The consumer has long been in its 20 s poll when a message comes. Beside `pubsub-worker` stands a bare boto3
loop, whose handling starts as soon as a receive has returned; the two take turns.
"""

import time
from statistics import quantiles

import boto3

from tests.benchmarks.orders import BODY
from tests.benchmarks.section import Figure, Round, Section, Stage
from tests.benchmarks.stage import CONSUMERS, consumer, filled

PAUSE = 0.03
"""Seconds until the next, in which the last is deleted and the next poll begins."""

SAMPLES: dict[str, list[float]] = {}
"""Milliseconds of each message, for the plot."""


def measure(stage: Stage) -> Round:
    taken = {name: _run(stage, name) for name in CONSUMERS}
    found = {}
    for name, each in taken.items():
        SAMPLES.setdefault(name, []).extend(each)
        cuts = quantiles(each, n=100, method="inclusive")
        found[name] = {"p50 ms": cuts[49], "p99 ms": cuts[98]}
    return found


def _run(stage: Stage, name: str) -> list[float]:
    queue = f"{stage.name}-{name}"
    url = filled(stage.sqs, queue, 1)
    sns = boto3.client("sns")
    topic = sns.create_topic(Name=queue)["TopicArn"]
    asked = stage.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    raw = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=asked["Attributes"]["QueueArn"], Attributes=raw)
    taken = []
    with consumer(name, url) as running:
        running.next()
        for _ in range(stage.options.messages(400)):
            time.sleep(PAUSE)
            published = time.perf_counter()
            sns.publish(TopicArn=topic, Message=BODY)
            taken.append(1000 * (running.next() - published))
    return taken


SECTION = Section(
    "publish to handler",
    (Figure("p50 ms", ".2f", ratio=True), Figure("p99 ms", ".2f", ratio=True)),
    measure,
    {"pubsub-worker": "bare"},
    aims={("pubsub-worker", "p50 ms"): "≤ 0.8", ("pubsub-worker", "p99 ms"): "≤ 1.0"},
)
