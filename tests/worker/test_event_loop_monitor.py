"""A handler that blocks the event loop is logged with its line."""

import asyncio
from threading import Event

import pytest

from pubsub_tasks.verdicts import Ack
from tests.worker.shop import Shop, Word, body, until, wait


def test_a_handler_that_blocks_the_loop_is_named_with_its_line(caplog: pytest.LogCaptureFixture) -> None:
    shop = Shop()
    may_end = Event()

    @shop.task(Word, name="shop.read")
    async def read(word: str) -> None:
        await asyncio.sleep(0)
        wait(may_end)  # the line

    shop.send_bodies(body(Word.MEDIA_TYPE, word="hello"))
    with shop.running_worker():
        until(lambda: "blocked the event loop" in caplog.text)
        may_end.set()
        assert shop.events.next().verdict == Ack()
    with open(__file__) as source:
        line = next(number for number, text in enumerate(source, 1) if "# the line" in text)
    assert f"shop.read has blocked the event loop for 1 s, at {__file__}:{line}: await there" in caplog.text
