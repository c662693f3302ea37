"""Each example of publishing does what it says: with topics and queues in memory, on a clock one can turn."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import httpx
import pytest

from examples import bank, reminder, report, web
from pubsub_tasks import default_tasks
from pubsub_tasks.dispatching.dispatcher import Dispatcher, HandlerCall
from pubsub_tasks.dispatching.postponement import postponed_copy
from pubsub_tasks.environments.memory_claims import MemoryClaims
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.publishing.producer import Producer
from pubsub_tasks.publishing.routes import QueueUrls, Routes
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.transports.memory import MemoryTransport
from pubsub_tasks.verdicts import Ack, Postpone
from pubsub_tasks.wire.media_types import topic_name


class Town:
    """A topic and a queue for one media type, and what stands in for a worker."""

    def __init__(self, media_type, queue, fifo=False):
        ending, kind = (".fifo", {"FifoQueue": "true"}) if fifo else ("", {})
        self.clock = VirtualClock()
        transport = MemoryTransport(clock=self.clock)
        sns, sqs = transport.client("sns"), transport.client("sqs")
        topic = {"FifoTopic": "true"} if fifo else {}
        arn = sns.create_topic(Name=topic_name(media_type) + ending, Attributes=topic)["TopicArn"]
        url = sqs.create_queue(QueueName=queue, Attributes=kind)["QueueUrl"]
        self.queue = transport.queue(url)
        sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=self.queue.attributes().arn)
        self.claims = MemoryClaims()
        self.dispatcher = Dispatcher(default_tasks, queue, claims=self.claims)
        routes = Routes(transport.publisher(), transport.queue, QueueUrls({queue: url}))
        self.producer = Producer(
            routes, Topics({media_type: arn}), default_tasks.schemas, claims=self.claims, clock=self.clock
        )

    def work(self):
        """Handle all that is there; how many messages were."""
        count = 0
        while records := self.queue.receive(10, 0, 43_200):
            count += len(records)
            for record in records:
                self._handle(record)
        return count

    def _handle(self, record):
        delivery = self.dispatcher.read_body(decode_record(record))
        call = self.dispatcher.prepare(delivery, self.clock())
        verdict = self.dispatcher.run(call, self.clock) if isinstance(call, HandlerCall) else call
        if isinstance(verdict, Postpone) and (copy := postponed_copy(delivery, self.clock())):
            self.queue.send([copy])
        elif isinstance(verdict, Postpone):
            self.queue.change_visibility([(record.receipt_handle, int(verdict.after))])
            return
        else:
            assert verdict == Ack()
        self.queue.delete([record.receipt_handle])


@pytest.fixture
def town(request):
    made = Town(*request.param)
    with default_tasks.bound(made.producer):
        yield made


@pytest.mark.parametrize("town", [(web.LineOrdered.MEDIA_TYPE, "packing")], indirect=True)
def test_an_endpoint_publishes_all_of_an_order_or_nothing(town):
    async def post(lines):
        transport = httpx.ASGITransport(web.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            return await client.post("/orders", json={"lines": lines}, headers={"X-Request-Id": "r-1"})

    taken = asyncio.run(post({"tea": 2, "cup": 1}))
    refused = asyncio.run(post({"tea": 1, "cup": 2}))

    assert (taken.status_code, refused.status_code) == (202, 409)
    records = town.queue.receive(10, 0, 0)
    assert {decode_record(record).headers["x-request-id"] for record in records} == {"r-1"}
    assert town.work() == 2
    assert [*web.packed.values()] == [{"tea": 2, "cup": 1}]


@pytest.mark.parametrize("town", [(bank.MOVEMENT, "accounts.fifo", True)], indirect=True)
def test_an_account_is_booked_in_order_and_no_movement_twice(town):
    movements = [
        {"movement_id": f"{account}{number}", "account": account, "amount": amount}
        for number, amount in enumerate(["100", "-60", "-60", "30"])
        for account in "ab"
    ]

    bank.book.publish_many(movements)
    bank.book.publish(**movements[0])  # sent again, as after an answer that was lost

    assert town.work() == 8
    assert bank.balances == {"a": Decimal(70), "b": Decimal(70)}
    assert sorted(bank.refused) == ["a2", "b2"]


@pytest.mark.parametrize("town", [(report.ReportWritten.MEDIA_TYPE, "reports")], indirect=True)
def test_a_large_report_is_parked_and_added_up(town):
    noise = Random(7)
    rows = [
        {"day": date(2026, 1, 1) + timedelta(number), "visitors": 1, "note": noise.randbytes(500).hex()}
        for number in range(2000)
    ]

    report.summarize.publish(title="small", rows=rows[:10])
    report.summarize.publish(title="large", rows=rows)

    (body,) = town.claims.bodies.values()
    assert len(body) > 2_000_000
    assert town.work() == 2
    assert report.visitors == {"small": 10, "large": 2000}


@pytest.mark.parametrize("town", [(reminder.AppointmentMade.MEDIA_TYPE, "reminders")], indirect=True)
def test_a_patient_is_reminded_a_day_ahead(town):
    at = datetime.fromtimestamp(town.clock(), UTC) + timedelta(days=3)

    reminder.appoint("Ada", at)

    while not reminder.reminded:
        town.clock.advance(900)
        town.work()
    assert timedelta(days=2) <= timedelta(days=3) - (at - datetime.fromtimestamp(town.clock(), UTC))
    assert reminder.reminded == [f"Ada: tomorrow at {at:%H:%M}"]
