"""Publishing from coroutines: the event loop goes on meanwhile."""

import asyncio
import threading

import pytest

from pubsub_tasks import headers
from pubsub_tasks.errors import InvalidContent
from pubsub_tasks.publishing.topics import Topics
from tests.samples import ORDER, OrderPlaced


@pytest.fixture
def publishable(shop):
    shop.bind(Topics({ORDER: shop.topic("orders")}))
    return shop.tasks.publishable(OrderPlaced)


def orders(count):
    return [{"order_id": f"o-{number}", "total": "1"} for number in range(count)]


def test_the_event_loop_is_not_blocked_during_a_call(shop, publishable):
    answered = threading.Event()
    shop.wire.failing = lambda call, entry: None if answered.wait(10) else pytest.fail("the loop stood still")

    async def main():
        publishing = asyncio.create_task(publishable.apublish(order_id="o-1", total="1"))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(answered.set)  # only a loop that runs can let the call return
        return await publishing

    message_id = asyncio.run(main())

    assert [delivery.id for delivery in shop.arrived("orders")] == [message_id]


def test_headers_of_the_coroutine_are_sent(shop, publishable):
    async def main():
        with headers(tenant="t-1"):
            await publishable.options(headers={"user": "u-1"}).apublish(order_id="o-1", total="1")

    asyncio.run(main())

    (delivery,) = shop.arrived("orders")
    assert (delivery.headers["tenant"], delivery.headers["user"]) == ("t-1", "u-1")


def test_errors_are_raised_where_the_publish_is_awaited(publishable):
    with pytest.raises(InvalidContent):
        asyncio.run(publishable.apublish(colour="red"))


def test_many_may_come_from_a_list_or_asynchronously(shop, publishable):
    async def coming():
        for content in orders(250):
            yield content

    async def main():
        return await publishable.apublish_many(orders(12)), await publishable.apublish_many(coming())

    few, many = asyncio.run(main())

    assert [delivery.id for delivery in shop.arrived("orders")] == few + many
    assert [len(call) for call in shop.wire.calls] == [10, 2] + [10] * 25


def test_eight_threads_share_one_producer(shop, publishable):
    ids = []

    def work():
        ids.extend(publishable.publish_many(orders(25)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(delivery.id for delivery in shop.arrived("orders")) == sorted(ids)
    assert len(ids) == 200
