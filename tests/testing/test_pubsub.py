"""The test kit itself: what is published is handled on a clock that the test turns."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace

import pytest
from marshmallow import fields

from pubsub_tasks import ConfigurationError, PublishFailed, PubSubMessageSchema, Tasks, by, deferred, task
from pubsub_tasks.errors import InvalidContent
from pubsub_tasks.tasks.events import Confirmed, DeadLettered, Settled, Started
from pubsub_tasks.testing import PubSub, app, handled_queues, message
from tests.testing.shop import ORDER, SIGNALS, CardDeclined, NoSuchCard, OrderPlaced, ReceiptSent, Shop


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def pubsub(shop: Shop) -> Iterator[PubSub]:
    with app(shop.tasks) as pubsub:
        yield pubsub


def test_a_run_handles_what_was_published_and_what_handlers_publish(shop: Shop, pubsub: PubSub) -> None:
    shop.pay.publish(order_id=7, total="9.99")

    report = pubsub.run()

    assert shop.paid == [(7, 1, Decimal("9.99"))]
    assert shop.counted == [7]
    assert pubsub.published == [message(OrderPlaced, order_id=7), message(ReceiptSent, order_id=7)]
    assert [outcome.task for outcome in report.handled] == [shop.pay.name, shop.send_receipt.name]
    assert report.handled[0].content == {"order_id": 7, "total": "9.99"}
    assert str(report) == "2 handled"
    assert (pubsub.pending, pubsub.run().outcomes, str(pubsub.run())) == (0, (), "nothing to handle")


def test_retries_happen_by_turning_the_clock(shop: Shop, pubsub: PubSub) -> None:
    shop.declines(7, 1, 2)
    started = pubsub.clock()
    shop.pay.publish(order_id=7, total="9.99")

    report = pubsub.run()

    assert shop.paid == [(7, 3, Decimal("9.99"))]
    assert [(outcome.attempt, outcome.after) for outcome in report.retried] == [(1, 60), (2, 120)]
    assert report.seconds == pytest.approx(180)
    assert pubsub.clock() == pytest.approx(started + 180)
    assert str(report) == "2 handled, 2 retried"


def test_an_error_that_is_not_retried_is_raised_in_the_test(shop: Shop, pubsub: PubSub) -> None:
    shop.declines(7, 1, 2, 3)
    shop.pay.publish(order_id=7, total="9.99")
    shop.pay.publish(order_id=8, total="1")

    with pytest.raises(CardDeclined, match="card of 7") as raised:
        pubsub.run()

    assert "attempt 3; its message is dead-lettered as exhausted" in raised.value.__notes__[0]
    assert pubsub.dead_letters[0].reason == "exhausted"
    # what was left is for the next run
    pubsub.run()
    assert {paid[0] for paid in shop.paid} == {8}


def test_dead_letters_can_be_looked_at_instead(shop: Shop, pubsub: PubSub) -> None:
    shop.plan[7] = {1: NoSuchCard("7")}
    shop.pay.publish(order_id=7, total="9.99")

    report = pubsub.run(raise_errors=False)

    (outcome,), (letter,) = report.dead_lettered, pubsub.dead_letters
    assert (outcome.reason, str(outcome.error), outcome.after) == ("failed", "7", None)
    assert (letter.reason, letter.task, letter.content) == (
        "failed",
        shop.pay.name,
        {"order_id": 7, "total": "9.99"},
    )
    assert str(report) == "1 dead-lettered (1 failed)"
    assert [each.id for each in pubsub.dead_letters] == [letter.id], "looking changes nothing"


def test_signals_are_no_errors(shop: Shop, pubsub: PubSub) -> None:
    shop.plan = {order_id: {1: signal} for order_id, signal in SIGNALS.items()}
    for order_id in (1, 2, 3):
        shop.pay.publish(order_id=order_id, total="9.99")

    report = pubsub.run()

    assert str(report) == "1 skipped, 1 dead-lettered, 1 dropped (1 rejected)"
    assert [outcome.reason for outcome in report.dropped] == ["a test order"]


def test_a_run_may_be_held_to_a_time(shop: Shop, pubsub: PubSub) -> None:
    shop.declines(7, 1, 2)
    shop.pay.publish(order_id=7, total="9.99")

    assert str(pubsub.run(within=0)) == "1 retried"
    assert pubsub.pending == 1
    assert str(pubsub.run(within=59)) == "nothing to handle"
    pubsub.advance(minutes=1)
    assert str(pubsub.run(within=0)) == "1 retried"
    assert str(pubsub.run(within=120)) == "2 handled"


def test_delays_and_expiry_go_by_the_same_clock(shop: Shop, pubsub: PubSub) -> None:
    shop.pay.options(delay=600).publish(order_id=1, total="1")
    shop.pay.options(delay=86_400 * 3).publish(order_id=2, total="2")
    shop.pay.options(expires=60).publish(order_id=3, total="3")
    assert [round(each.delay) for each in pubsub.published] == [600, 86_400 * 3, 0]

    pubsub.advance(minutes=5)
    assert str(pubsub.run(within=0)) == "1 dead-lettered (1 expired)"
    assert shop.paid == []
    pubsub.advance(minutes=5)
    assert str(pubsub.run(within=0)) == "2 handled"
    report = pubsub.run()

    assert [order_id for order_id, *_ in shop.paid] == [1, 2]
    assert report.seconds == pytest.approx(86_400 * 3 - 600, abs=2)


def test_groups_of_fifo_queues_keep_their_order() -> None:
    shop = Shop(queue="orders.fifo", group=by("order_id"))
    shop.declines(1, 1)
    with app(shop.tasks) as pubsub:
        for order_id, total in [(1, "1"), (1, "2"), (2, "3")]:
            shop.pay.publish(order_id=order_id, total=total)

        pubsub.run()

        assert pubsub.published.first().group == "1"
    assert shop.paid[:1] == [(2, 1, Decimal(3))]
    assert [str(total) for order_id, _, total in shop.paid if order_id == 1] == ["1", "2"]


def test_foreign_messages_are_delivered_as_they_are(shop: Shop, pubsub: PubSub) -> None:
    pubsub.deliver({"mediaType": ORDER, "order_id": 7, "total": "9.99", "new": "unknown names are dropped"})
    pubsub.deliver("no JSON")
    pubsub.deliver({"order_id": "x"}, {"media_type": ORDER, "weight": 7, "blob": b"\x00"})
    pubsub.deliver({"mediaType": "application/vnd.nobody"})

    report = pubsub.run()

    assert [paid[0] for paid in shop.paid] == [7]
    assert sorted(outcome.reason for outcome in report.dead_lettered) == ["invalid", "undecodable", "unknown"]
    assert pubsub.published == [message(ReceiptSent)]


def test_a_foreign_message_needs_a_queue_if_there_are_several(pubsub: PubSub) -> None:
    other = Tasks()
    for name in ("billing", "stock"):
        task(OrderPlaced, tasks=other, queue=name, name=name)(lambda order_id: None)

    with app(other) as several:
        with pytest.raises(ConfigurationError, match=r"name one \(queues: billing, stock\)"):
            several.deliver("{}")
        with pytest.raises(ConfigurationError, match="there is no 'sotck'"):
            several.deliver("{}", queue="sotck")
        several.deliver({"mediaType": ORDER, "order_id": 1, "total": "1"}, queue="stock")
        assert [outcome.task for outcome in several.run().handled] == ["stock"]

    with pytest.raises(ValueError, match="SQS would refuse this message"):
        pubsub.deliver("")


def test_a_published_message_reaches_each_queue() -> None:
    tasks = Tasks()
    for name in ("billing", "stock.fifo"):
        task(OrderPlaced, tasks=tasks, queue=name, name=name, group="g")(lambda order_id: None)

    with app(tasks) as pubsub:
        tasks.options(group_id="g").publish(OrderPlaced, order_id=7, total="9.99")

        assert len(pubsub.published) == 1
        assert sorted(str(outcome.task) for outcome in pubsub.run().handled) == ["billing", "stock.fifo"]


def test_publishing_may_fail(shop: Shop, pubsub: PubSub) -> None:
    with pubsub.fail_publishing() as outage, pytest.raises(PublishFailed, match="ServiceUnavailable"):
        shop.pay.publish(order_id=7, total="9.99")
    shop.pay.publish(order_id=8, total="9.99")

    assert outage.refused == 1
    assert pubsub.published == [message(order_id=8)]


def test_an_outage_may_be_of_one_kind_and_length(shop: Shop, pubsub: PubSub) -> None:
    # given that the first receipt cannot be published
    pubsub.fail_publishing(ReceiptSent, times=1, code="InternalError")
    shop.pay.publish(order_id=7, total="9.99")

    report = pubsub.run()

    assert len(report.retried) == 1
    assert isinstance(report.retried[0].error, PublishFailed)
    assert shop.counted == [7]


def test_many_and_some_that_fail(shop: Shop, pubsub: PubSub) -> None:
    outage = pubsub.fail_publishing(shop.pay, times=2)

    with pytest.raises(PublishFailed) as raised:
        shop.pay.publish_many({"order_id": number, "total": "1"} for number in range(12))

    assert [index for index, *_ in raised.value.failed] == [0, 1]
    assert [each.content["order_id"] for each in pubsub.published] == list(range(2, 12))
    assert outage.refused == 2


def test_only_what_is_really_sent_counts_as_published(shop: Shop, pubsub: PubSub) -> None:
    def break_off() -> None:
        with deferred():
            shop.pay.publish(order_id=7, total="9.99")
            raise CardDeclined

    with pytest.raises(CardDeclined):
        break_off()
    with pytest.raises(InvalidContent):
        shop.pay.publish(order_id="seven", total="9.99")
    assert pubsub.published == []

    with deferred():
        shop.pay.publish(order_id=8, total="9.99")
        assert pubsub.published == []
    assert pubsub.published == [message(shop.pay, order_id=8)]


def test_a_redriven_or_postponed_copy_is_not_published_again(shop: Shop, pubsub: PubSub) -> None:
    shop.pay.options(delay=86_400).publish(order_id=7, total="9.99")

    assert len(pubsub.run().postponed) > 1
    assert len(pubsub.published(OrderPlaced)) == 1


def test_observers_are_notified_as_by_a_worker(shop: Shop, pubsub: PubSub) -> None:
    seen: list[str] = []
    shop.tasks.observe(
        lambda event: seen.append(type(event).__name__), Started, Settled, DeadLettered, Confirmed
    )
    shop.plan[7] = {1: NoSuchCard("7")}
    shop.pay.publish(order_id=7, total="9.99")

    pubsub.run(raise_errors=False)

    assert seen == ["Started", "Settled", "DeadLettered", "Confirmed"]


def test_coroutines_of_one_test_share_an_event_loop(pubsub: PubSub) -> None:
    loops = []
    tasks = Tasks()

    @task(ReceiptSent, tasks=tasks)
    async def note(order_id: int) -> None:
        loops.append(asyncio.get_running_loop())

    with app(tasks) as pubsub:
        for order_id in range(2):
            note.publish(order_id=order_id)
            pubsub.run()

    assert loops[0] is loops[1]
    assert loops[0].is_closed()


def test_a_coroutine_awaits_the_run(shop: Shop, pubsub: PubSub) -> None:
    async def story() -> str:
        await shop.pay.apublish(order_id=7, total="9.99")
        with pytest.raises(RuntimeError, match="write `await pubsub"):
            pubsub.run()
        return str(await pubsub.arun())

    assert asyncio.run(story()) == "2 handled"
    assert shop.counted == [7]


@pytest.mark.parametrize("in_loop", [False, True])
def test_a_coroutine_that_cancels_itself_has_failed(in_loop: bool) -> None:
    tasks = Tasks()

    @task(ReceiptSent, tasks=tasks)
    async def cancel(order_id: int) -> None:
        raise asyncio.CancelledError

    with app(tasks) as pubsub:
        cancel.publish(order_id=7)
        report = asyncio.run(pubsub.arun(raise_errors=False)) if in_loop else pubsub.run(raise_errors=False)
        assert str(report) == "4 retried, 1 dead-lettered (1 exhausted)"


def test_a_cancelled_test_ends_the_run(shop: Shop, pubsub: PubSub) -> None:
    tasks = Tasks()
    started = asyncio.Event()

    @task(ReceiptSent, tasks=tasks)
    async def hang(order_id: int) -> None:
        started.set()
        await asyncio.Event().wait()

    async def story(pubsub: PubSub) -> None:
        hang.publish(order_id=7)
        running = asyncio.create_task(pubsub.arun())
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    with app(tasks) as other:
        asyncio.run(story(other))


def test_tasks_that_are_declared_meanwhile_are_served(pubsub: PubSub, shop: Shop) -> None:
    pubsub.run()
    seen = []
    task(ReceiptSent, tasks=shop.tasks, queue="late")(lambda order_id: seen.append(order_id))

    shop.tasks.publish(ReceiptSent, order_id=7)
    pubsub.run()

    assert (seen, shop.counted) == ([7], [7])


def test_a_service_without_tasks_may_publish() -> None:
    with app(Tasks()) as pubsub:
        pubsub.tasks.publish(OrderPlaced, order_id=7, total="9.99")

        assert pubsub.published == [message(OrderPlaced, total=Decimal("9.99"))]
        assert str(pubsub.run()) == "nothing to handle"


def test_an_endless_run_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handled_queues, "MAX_DELIVERIES", 50)
    tasks = Tasks()

    @task(ReceiptSent, tasks=tasks)
    def twice(order_id: int) -> None:
        for _ in range(2):
            twice.publish(order_id=order_id)

    with app(tasks) as pubsub:
        twice.publish(order_id=7)
        with pytest.raises(RuntimeError, match="do tasks publish in a circle"):
            pubsub.run()


def test_large_and_compressed_messages_are_read_back(pubsub: PubSub) -> None:
    class Text(PubSubMessageSchema):
        MEDIA_TYPE = "application/vnd.shop.pubsub._.created.report"
        COMPRESSION = "gzip"
        COMPRESS_OVER = 10
        text = fields.String()

    tasks = Tasks()
    read = SimpleNamespace(text="")

    @task(Text, tasks=tasks)
    def keep(text: str = "") -> None:
        read.text = text

    with app(tasks) as pubsub:
        keep.publish(text="x" * 500_000)
        assert len(pubsub.published.only().content["text"]) == 500_000
        pubsub.run()
    assert len(read.text) == 500_000


def test_the_current_event_loop_of_the_thread_is_left_alone(shop: Shop, pubsub: PubSub) -> None:
    # given a loop of another plugin's
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        shop.send_receipt.publish(order_id=7)
        pubsub.run()

        assert asyncio.get_event_loop_policy().get_event_loop() is loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_publishers_go_by_the_clock_of_the_test(shop: Shop, pubsub: PubSub) -> None:
    pubsub.advance(days=2)

    shop.pay.options(delay=86_400).publish(order_id=7, total="9.99")

    assert pubsub.published[0].delay == pytest.approx(86_400, abs=1)
    assert pubsub.run().seconds == pytest.approx(86_400, abs=1)


def test_letters_that_a_graph_sends_itself_are_not_published(shop: Shop, pubsub: PubSub) -> None:
    pubsub.deliver("no JSON")

    pubsub.graph.sqs_message_dispatcher.handle_batch()

    assert pubsub.published == []
    assert [letter.reason for letter in pubsub.dead_letters] == ["undecodable"]
