"""What a message costs, in counts that no busy machine can change: a guard against slowing down.

A worker consumes canned answers, without a broker. Counted are calls of this package's Python functions, by
`sys.setprofile`; each bound is 5 % above what was measured when it was set. Lower a bound after a change that
saves calls; raise it only for something that is worth its time on every message.
"""

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import pubsub_tasks
from pubsub_tasks.dispatching.dispatcher import Dispatcher
from pubsub_tasks.errors import TransportError
from pubsub_tasks.in_flight.capacity import Capacity
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.transports.sqs import SqsQueue
from pubsub_tasks.worker.coroutines.coroutine_slots import CoroutineSlots
from pubsub_tasks.worker.io_threads import IdleIOThreads
from pubsub_tasks.worker.worker import Worker
from tests.worker.shop import PATIENCE, Shop, Word, body

PACKAGE = str(Path(pubsub_tasks.__file__).parent)
MESSAGES = 1_000
RUNS = 12


class CannedQueue:
    """Answers as SQS does, with ten messages for each receive until all were given."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.all_deleted = threading.Event()
        self._lock = threading.Lock()
        self._left = self._not_deleted = MESSAGES
        message = {
            "MessageId": "5f1c3d0e-6a53-4bb5-8d5c-0a9f5a0d7b11",
            "ReceiptHandle": "receipt",
            "Body": body(Word.MEDIA_TYPE, word="hello"),
            "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1750000000000"},
            "MessageAttributes": {"media_type": {"DataType": "String", "StringValue": Word.MEDIA_TYPE}},
        }
        self._messages = [message] * 10

    def __call__(self, action: str, params: dict[str, Any], failure: type[TransportError]) -> dict[str, Any]:
        with self._lock:
            if action == "DeleteMessageBatch":
                self.calls[action] += 1
                self._not_deleted -= len(params["Entries"])
                if not self._not_deleted:
                    self.all_deleted.set()
                return {"Successful": [{"Id": entry["Id"]} for entry in params["Entries"]]}
            if self._left:
                self.calls[action] += 1
                self._left -= 10
                return {"Messages": self._messages}
        self.all_deleted.wait(params["WaitTimeSeconds"])
        return {}


@contextmanager
def counted(calls: Counter[str]) -> Iterator[None]:
    """Count the calls of this package's functions in the threads that start during the block."""

    def count(frame: Any, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            calls[frame.f_code.co_qualname] += 1

    before = sys.getprofile()
    threading.setprofile(count)
    try:
        yield
    finally:
        threading.setprofile(before)


def consume(is_async: bool) -> tuple[Counter[str], Counter[str]]:
    """Have a worker consume all messages. Returns the calls by function, and the API calls by action."""
    shop, canned = Shop(), CannedQueue()

    async def read_async(word: str) -> None: ...

    def read(word: str) -> None: ...

    tasks = Tasks()
    shop.tasks = tasks
    shop.task(Word)(read_async if is_async else read)
    queue = SqsQueue("https://sqs.eu-west-1.amazonaws.com/123456789012/orders", canned)
    calls: Counter[str] = Counter()
    with counted(calls):
        worker = Worker(queue, Dispatcher(tasks, "default"), capacity=Capacity(wait=1))
        worker.start()
        assert canned.all_deleted.wait(PATIENCE)
    counts = calls.copy()
    worker.stop(PATIENCE)
    return counts, canned.calls


@pytest.mark.parametrize(("is_async", "bound"), [(False, 117), (True, 134)], ids=["threads", "coroutines"])
def test_a_message_costs_so_many_calls_of_functions_and_two_api_calls_for_ten(
    is_async: bool, bound: int
) -> None:
    # The least of some runs: on a busy machine calls look like waiting, and more threads take part
    functions, api = consume(is_async)
    for _ in range(RUNS):
        if functions.total() / MESSAGES > bound:
            functions, api = min((functions, api), consume(is_async), key=lambda counts: counts[0].total())

    assert functions.total() / MESSAGES <= bound, functions.most_common(40)
    assert api.total() / MESSAGES <= 0.2 * 1.05, api


def test_a_quick_message_is_not_handed_from_thread_to_thread_on_its_own() -> None:
    runs = [consume(is_async=True)[0] for _ in range(3)]

    # Each hand-off costs more than a quick handler: ten messages are given to the event loop together, and a
    # thread that has received or deleted ten waits at most once for more to do
    hand_offs = [each.__qualname__ for each in (IdleIOThreads.wait, CoroutineSlots.call)]
    assert min(sum(calls[name] for name in hand_offs) for calls in runs) / MESSAGES <= 0.3, runs
