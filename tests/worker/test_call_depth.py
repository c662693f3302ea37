"""How many stack frames lie between the loop of a worker's thread and a handler or a delete."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from pubsub_tasks.errors import TransportError
from pubsub_tasks.transports.sqs import SqsQueue
from pubsub_tasks.verdicts import Ack
from tests.worker.shop import Shop, Word, body, until

LOOPS = {"ThreadSlots._work", "CoroutineSlots._work", "IOThreads._work"}
"""The functions in which the threads and coroutines of a worker take jobs, one after the other."""


def frames_from_loop() -> list[str]:
    """Return the functions on the stack, from the loop to the caller of this one."""
    names: list[str] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        names.insert(0, frame.f_code.co_qualname)
        if names[0] in LOOPS:
            return names
        frame = frame.f_back
    raise AssertionError(f"not called from a worker's loop: {names}")


def watched(queue: Any, stacks: list[list[str]]) -> SqsQueue:
    """Return the same queue, recording the stack of each DeleteMessageBatch call."""
    call: Callable[..., dict[str, Any]] = queue._call

    def recording(action: str, params: dict[str, Any], failure: type[TransportError]) -> dict[str, Any]:
        if action == "DeleteMessageBatch":
            stacks.append(frames_from_loop())
        return call(action, params, failure)

    return SqsQueue(queue.url, recording)


@pytest.mark.parametrize("is_async", [False, True], ids=["threads", "coroutines"])
def test_a_message_reaches_its_handler_in_six_frames_and_its_delete_in_eight(is_async: bool) -> None:
    # Given a task without time limit or middleware, as most are
    shop = Shop()
    handler_stacks: list[list[str]] = []
    delete_stacks: list[list[str]] = []

    def read(word: str) -> None:
        handler_stacks.append(frames_from_loop())

    async def read_async(word: str) -> None:
        handler_stacks.append(frames_from_loop())

    shop.task(Word)(read_async if is_async else read)
    shop.send_bodies(body(Word.MEDIA_TYPE, word="hello"))

    # When a worker handles and deletes a message
    with shop.running_worker(watched(shop.queue, delete_stacks)):
        assert shop.events.verdicts(1) == [Ack()]
        until(lambda: bool(delete_stacks))

    # Then the handler is at most the sixth frame, and the call of the service at most the eighth
    assert len(handler_stacks[0]) <= 6, handler_stacks[0]
    assert len(delete_stacks[0]) <= 8, delete_stacks[0]
