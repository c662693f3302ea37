"""What is published in a block goes at its clean end or not at all."""

import asyncio
import threading

import pytest

from pubsub_tasks import deferred
from pubsub_tasks.errors import InvalidContent, PublishFailed
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.wire.records import EntryFailure
from tests.samples import ORDER, OrderPlaced


@pytest.fixture
def tasks(shop):
    shop.bind(Topics({ORDER: shop.topic("orders"), f"{ORDER}s": shop.topic("more")}))
    return shop.tasks


def publish(tasks, *names):
    return [tasks.publish(OrderPlaced, order_id=name, total="1") for name in names]


def failing_block(tasks, *names):
    with deferred():
        publish(tasks, *names)
        raise RuntimeError


def arrived(shop, queue="orders"):
    return [delivery.fields["order_id"] for delivery in shop.arrived(queue)]


def test_messages_are_sent_at_the_end_of_the_block_with_the_ids_returned_before(shop, tasks):
    with deferred():
        ids = publish(tasks, "a", "b") + tasks.publish_many(OrderPlaced, [{"order_id": "c", "total": 1}])
        assert shop.wire.calls == []

    assert len(shop.wire.calls) == 1
    assert [delivery.id for delivery in shop.arrived("orders")] == ids


def test_nothing_is_sent_if_the_block_raises(shop, tasks):
    with pytest.raises(RuntimeError):
        failing_block(tasks, "a")

    assert shop.wire.calls == []


def test_content_is_validated_at_once(shop, tasks):
    with deferred(), pytest.raises(InvalidContent):
        tasks.publish(OrderPlaced, colour="red")

    assert shop.wire.calls == []


def test_an_inner_block_passes_its_messages_to_the_outer_one_and_may_fail_alone(shop, tasks):
    with deferred():
        publish(tasks, "a")
        with deferred():
            publish(tasks, "b")
        with pytest.raises(RuntimeError):
            failing_block(tasks, "lost")
        publish(tasks, "c")
        assert shop.wire.calls == []

    assert arrived(shop) == ["a", "b", "c"]


def test_another_thread_publishes_at_once(shop, tasks):
    with deferred():
        thread = threading.Thread(target=publish, args=(tasks, "elsewhere"))
        thread.start()
        thread.join()
        assert arrived(shop) == ["elsewhere"]


def test_concurrent_coroutines_have_separate_blocks(shop, tasks):
    async def request(name, fails):
        async with deferred():
            publish(tasks, name)
            await asyncio.sleep(0)
            publish(tasks, name)
            if fails:
                raise RuntimeError

    async def main():
        return await asyncio.gather(*(request(name, name == "b") for name in "abc"), return_exceptions=True)

    outcomes = asyncio.run(main())

    assert isinstance(outcomes[1], RuntimeError)
    assert sorted(arrived(shop)) == ["a", "a", "c", "c"]


def test_coroutines_started_in_the_block_belong_to_it_and_publish_at_once_after_it(shop, tasks):
    async def late(ended):
        await ended.wait()
        await tasks.apublish(OrderPlaced, order_id="late", total="1")

    async def main():
        ended = asyncio.Event()
        async with deferred():
            straggler = asyncio.create_task(late(ended))
            await tasks.apublish(OrderPlaced, order_id="within", total="1")
            await tasks.apublish_many(OrderPlaced, [{"order_id": "many", "total": "1"}])
            assert shop.wire.calls == []
        assert len(shop.wire.calls) == 1
        ended.set()
        await straggler

    asyncio.run(main())

    assert arrived(shop) == ["within", "many", "late"]


def test_a_batch_in_a_block_is_sent_at_the_end_of_the_block(shop, tasks):
    with deferred():
        with tasks.batch(OrderPlaced) as batch:
            for number in range(11):
                batch.publish(order_id=f"o-{number}", total="1")
        assert shop.wire.calls == []

    assert [len(call) for call in shop.wire.calls] == [10, 1]


def test_failures_are_reported_by_index_in_the_block(shop, tasks):
    refusal = EntryFailure("InvalidParameter", "no", retriable=False)
    shop.wire.failing = lambda call, entry: refusal if '"b"' in entry.body else None

    with pytest.raises(PublishFailed) as caught, deferred():
        publish(tasks, "a", "b", "c")

    assert [index for index, *_ in caught.value.failed] == [1]
    assert [index for index, _ in caught.value.published] == [0, 2]


def test_a_block_can_be_entered_again_after_its_end(shop, tasks):
    block = deferred()
    for name in "ab":
        with block:
            publish(tasks, name)

    assert arrived(shop) == ["a", "b"]
