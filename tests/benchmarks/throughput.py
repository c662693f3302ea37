"""Throughput: messages a second and client CPU of consumers and publishers, each in a process of its own."""

from collections.abc import Iterable, Mapping
from functools import partial

import boto3

from tests.benchmarks.contenders import CONSUMING, KINDS, PROCESSES, SLOTS, SLOW, WAIT, slow
from tests.benchmarks.publishing import PUBLISHING
from tests.benchmarks.section import Figure, Round, Section, Stage
from tests.benchmarks.stage import contender, filled

FIGURES = (
    Figure("messages/s", ratio=True),
    Figure("CPU ms/1,000", ratio=True),
    Figure("calls/message", ".2f"),
)


def consumed(names: Iterable[str], count: int, stage: Stage) -> Round:
    """Each of these empties a queue of its own."""
    found, messages = {}, stage.options.messages(count)
    for index, name in enumerate(names):
        url = filled(stage.sqs, f"{stage.name}-{index}", messages)
        found[name] = contender(name, url, messages)
        stage.sqs.delete_queue(QueueUrl=url)
    return found


def published(count: int, stage: Stage) -> Round:
    """Each of PUBLISHING publishes to a topic without subscriptions; ten in a call, ten times as many."""
    topic = boto3.client("sns").create_topic(Name=f"{stage.name}-topic")["TopicArn"]
    sizes = {name: stage.options.messages(10 * count if "_" in name else count) for name in PUBLISHING}
    return {name: contender(name, topic, size) for name, size in sizes.items()}


def _beside(reference: str, names: Iterable[str]) -> Mapping[str, str]:
    return {name: reference for name in names if name != reference}


AT_ONCE = ("bare", "decoding", "threads", "coroutines", "2 processes")
OVER_A_NETWORK = ("bare x 8", "decoding x 8", "threads", "coroutines")
assert set(AT_ONCE) | set(OVER_A_NETWORK) == set(CONSUMING)

CONSUMPTION = Section(
    "consumed, handlers that do nothing",
    FIGURES,
    partial(consumed, AT_ONCE, 20_000),
    _beside("bare", AT_ONCE),
    aims={
        ("threads", "messages/s"): "≥ 2.0",
        ("coroutines", "messages/s"): "≥ 1.6",
        ("2 processes", "messages/s"): "≥ 3.0, with a core for the endpoint",
        ("threads", "calls/message"): "0.20",
    },
)
NETWORK = Section(
    "consumed over a network of 10 ms",
    FIGURES,
    partial(consumed, OVER_A_NETWORK, 8_000),
    _beside("bare x 8", OVER_A_NETWORK),
    aims={("threads", "messages/s"): "≥ 1.6"},
    delay_ms=10,
)
PUBLICATION = Section(
    "published",
    FIGURES,
    partial(published, 2_000),
    {
        "publish": "bare publish",
        "publish_many": "bare publish_batch",
        "publish, 8 threads": "bare publish, 8 threads",
        "apublish, 8 coroutines": "bare publish, 8 threads",
    },
    aims={("publish", "messages/s"): "≥ 3.0", ("publish_many", "messages/s"): "≥ 2.2"},
)


def _by_slots(stage: Stage) -> Round:
    """Beside each rate, its share of what so many slots could do at most."""
    found = consumed(SLOW, 3_200, stage)
    for kind in KINDS:
        for slots in SLOTS:
            for processes in PROCESSES:
                figures = found[slow(slots, kind, processes)]
                figures["share"] = figures["messages/s"] * WAIT / slots / processes
    return found


BY_SLOTS = Section(
    "consumed, handlers that wait 20 ms, by processes and slots",
    (Figure("messages/s"), Figure("share", ".0%"), Figure("CPU ms/1,000")),
    _by_slots,
    {},
    runs=1,
)
