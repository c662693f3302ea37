"""Large messages there and back, against moto's S3."""

import json
from random import Random

import boto3
import pytest
from moto import mock_aws
from tenacity import stop_never, wait_none

from pubsub_tasks import Delivery
from pubsub_tasks.decorators import handles, task
from pubsub_tasks.dispatching.body_reader import BodyReader
from pubsub_tasks.dispatching.dispatcher import Dispatcher, HandlerCall
from pubsub_tasks.errors import ClaimMissing, ConfigurationError, EnvelopeError, PublishFailed
from pubsub_tasks.in_flight.capacity import Capacity
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.transports.aws.s3_claims import S3Claims
from pubsub_tasks.verdicts import DeadLetter, Retry
from pubsub_tasks.wire.compression import MAX_EXPANDED
from pubsub_tasks.wire.records import Attribute, Outgoing, Record, text
from pubsub_tasks.wire.s3_pointer import BodyInS3, Pointer
from pubsub_tasks.worker.body_opener import BodyOpener
from pubsub_tasks.worker.worker import Worker
from tests.publishing.conftest import Shop
from tests.samples import NOW, ORDER, OrderPlaced, body
from tests.worker.shop import NUMBER, until
from tests.worker.shop import Shop as WorkerShop
from tests.worker.shop import body as number_body

BUCKET = "large-messages"
LARGE = {"order_id": "o-1", "total": "1", "note": Random(7).randbytes(300_000).hex()}


@pytest.fixture
def s3(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def claims(s3):
    return S3Claims(lambda: s3, BUCKET)


@pytest.fixture
def handled(shop):
    seen = []

    @task(OrderPlaced, tasks=shop.tasks)
    def handle(order_id, note=""):
        seen.append((order_id, len(note)))

    return seen


def run(dispatcher, record):
    """What a slot does with a record."""
    delivery = dispatcher.read_body(decode_record(record))
    call = dispatcher.prepare(delivery, NOW)
    return dispatcher.run(call, lambda: NOW) if isinstance(call, HandlerCall) else call


def pointing(bucket=BUCKET, key="key", attributes=None):
    body = json.dumps(
        ["com.amazon.sqs.javamessaging.MessageS3Pointer", {"s3BucketName": bucket, "s3Key": key}]
    )
    told = {"SQSLargePayloadSize": Attribute("Number", "9")} if attributes is None else attributes
    return Record(body, "receipt", "sqs-1", sent_at=NOW, first_received_at=NOW, attributes=told)


@pytest.mark.parametrize("raw", [True, False])
def test_a_large_message_is_stored_in_the_bucket_and_handled_whole(shop, claims, s3, handled, raw):
    shop.bind(Topics({ORDER: shop.topic("orders", raw=raw)}), claims=claims)

    message_id = shop.tasks.publish(OrderPlaced, **LARGE)

    (record,) = shop.records("orders")
    assert len(record.body) < 3000
    run(Dispatcher(shop.tasks, "default", claims=claims), record)
    assert handled == [("o-1", 600_000)]
    # Its id is the body's own, and the body stays for whoever else is to read it
    assert BodyReader(shop.tasks, "default", claims).read(decode_record(record)).id == message_id
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == [
        f"pubsub-tasks/{message_id}"
    ]


def test_many_large_messages_go_in_one_call(shop, claims, handled):
    shop.bind(Topics({ORDER: shop.topic("orders")}), claims=claims)

    shop.tasks.publish_many(OrderPlaced, [LARGE, LARGE, {**LARGE, "note": "small"}])

    assert [len(call) for call in shop.wire.calls] == [3]
    for record in shop.records("orders"):
        run(Dispatcher(shop.tasks, "default", claims=claims), record)
    assert [length for _, length in handled] == [600_000, 600_000, 5]


def test_a_body_stored_by_amazons_older_library_is_read_without_a_media_type_attribute(
    shop, claims, s3, handled
):
    stored = body(order_id="o-2", total="1", note="é", headers={"x-message-id": "m-1"})
    s3.put_object(Bucket=BUCKET, Key="key", Body=stored.encode())

    run(Dispatcher(shop.tasks, "default", claims=claims), pointing())

    assert handled == [("o-2", 1)]


def test_a_body_that_was_stored_compressed_is_read(shop, claims, s3, handled):
    class Packed(OrderPlaced):
        COMPRESSION = "gzip"

    shop.bind(Topics({ORDER: shop.topic("orders")}), claims=claims)
    shop.tasks.publish(Packed, **LARGE)

    (record,) = shop.records("orders")
    assert "content_encoding" in record.attributes
    run(Dispatcher(shop.tasks, "default", claims=claims), record)
    assert handled == [("o-1", 600_000)]


def test_nothing_is_sent_if_the_body_cannot_be_stored(shop, s3):
    shop.bind(Topics({ORDER: shop.topic("orders")}), claims=S3Claims(lambda: s3, "no-such-bucket"))

    with pytest.raises(PublishFailed, match="could not be stored in no-such-bucket") as caught:
        shop.tasks.publish(OrderPlaced, **LARGE)

    assert caught.value.code == "NoSuchBucket"
    assert shop.wire.calls == []


def test_a_missing_body_is_retried_by_the_policy_and_the_message_kept(shop, claims, handled):
    verdict = run(
        Dispatcher(shop.tasks, "default", claims=claims), pointing(attributes={"media_type": text(ORDER)})
    )

    assert isinstance(verdict, Retry)
    assert isinstance(verdict.error, ClaimMissing)
    assert verdict.error.code == "NoSuchKey"


def test_a_bucket_that_is_not_allowed_is_not_read_and_the_message_is_kept(shop, claims, handled):
    verdict = run(Dispatcher(shop.tasks, "default", claims=claims), pointing("somebody-elses"))

    assert isinstance(verdict, DeadLetter)
    assert verdict.reason == "undecodable"
    assert isinstance(verdict.error, EnvelopeError)
    assert "'somebody-elses', which is not allowed here (large-messages)" in str(verdict.error)


def test_another_bucket_may_be_allowed(s3):
    s3.create_bucket(Bucket="theirs")
    s3.put_object(Bucket="theirs", Key="key", Body=b"{}")

    assert S3Claims(lambda: s3, None, ["theirs"]).fetch(Pointer("theirs", "key")) == "{}"


def test_a_stored_body_is_fetched_up_to_the_limit_of_its_schema(shop, claims, s3):
    class LongOrder(OrderPlaced):
        MAX_BODY_SIZE = MAX_EXPANDED + 1_000_000

    s3.put_object(Bucket=BUCKET, Key="key", Body=b'{"note":"' + b"x" * MAX_EXPANDED + b'"}')
    long, closed = Shop(), decode_record(pointing(attributes={"media_type": text(ORDER)}))
    task(OrderPlaced, tasks=shop.tasks)(lambda order_id: None)
    task(LongOrder, tasks=long.tasks)(lambda order_id: None)

    refused = BodyReader(shop.tasks, "default", claims).read(closed)
    opened = BodyReader(long.tasks, "default", claims).read(closed)

    assert "16,777,227 bytes, and 16,777,216 are read at most" in str(refused.defect)
    assert len(opened.fields["note"]) == MAX_EXPANDED


def test_a_stored_body_that_cannot_be_fetched_is_fetched_again_by_the_next_attempt(claims, s3):
    # Given a message of a FIFO queue, which waits in the worker for its next attempt
    shop, attempts, missing = WorkerShop(fifo=True), [], pointing()

    @shop.task(wait=wait_none(), stop=stop_never)
    def handle(number, delivery: Delivery):
        attempts.append((number, delivery.attempt))

    shop.queue.send([Outgoing(missing.body, {"media_type": text(NUMBER)}, "g", "d")])
    worker = shop.worker()
    worker._processor.bodies = BodyOpener(Dispatcher(shop.tasks, "default", fifo=True, claims=claims))
    worker.start()
    # When its body is there only after the first attempt
    assert isinstance(shop.events.next().verdict, Retry)
    s3.put_object(Bucket=BUCKET, Key="key", Body=number_body(NUMBER, number=7).encode())
    until(lambda: bool(attempts))
    # Then a later attempt handles it
    assert shop.stop(worker)
    assert attempts[0][0] == 7
    assert attempts[0][1] > 1


def test_a_stored_body_that_is_not_text_is_reported(claims, s3):
    s3.put_object(Bucket=BUCKET, Key="key", Body=b"\xff\xfe\xff")

    with pytest.raises(EnvelopeError, match="is not UTF-8 text"):
        claims.fetch(Pointer(BUCKET, "key"))


def test_a_worker_without_a_bucket_keeps_the_message_and_says_what_to_configure(shop, handled):
    verdict = run(Dispatcher(shop.tasks, "default"), pointing())

    assert isinstance(verdict, DeadLetter)
    assert isinstance(verdict.error, BodyInS3)
    assert "no bucket is configured here" in str(verdict.error)


def test_a_worker_that_is_misconfigured_spends_no_attempt_of_the_message(shop, handled):
    def client():
        raise ConfigurationError("no AWS credentials")

    claims = S3Claims(client, BUCKET)

    verdict = run(Dispatcher(shop.tasks, "default", claims=claims), pointing())

    assert isinstance(verdict, Retry)
    assert "no AWS credentials" in str(verdict.error)


def test_a_pointer_inside_a_body_is_not_followed(shop, claims, s3, handled):
    # What is fetched is a message, and is not followed further
    s3.put_object(Bucket=BUCKET, Key="key", Body=pointing(key="other").body.encode())

    verdict = run(Dispatcher(shop.tasks, "default", claims=claims), pointing())

    assert isinstance(verdict, DeadLetter)


@pytest.mark.parametrize("beside_a_plain_one", [True, False])
def test_a_worker_opens_a_body_for_a_coroutine_though_only_the_body_tells_its_type(
    shop, claims, s3, beside_a_plain_one
):
    handled = []

    @task(OrderPlaced, tasks=shop.tasks)
    async def handle(order_id):
        handled.append(order_id)

    if beside_a_plain_one:  # then a thread has it in hand before anybody knows
        handles("application/vnd.shop.other", tasks=shop.tasks)(lambda content: True)
    s3.put_object(Bucket=BUCKET, Key="key", Body=body(order_id="o-3", total="1").encode())
    queue = shop.queue("orders")
    queue.send([Outgoing(pointing().body, {"SQSLargePayloadSize": Attribute("Number", "9")})])
    dispatcher = Dispatcher(shop.tasks, "default", claims=claims)
    worker = Worker(queue, dispatcher, capacity=Capacity(wait=0), wall=shop.clock)

    worker.start()
    while not worker.counters.acked:
        worker.wait(0.01)
    assert worker.stop(10)

    assert handled == ["o-3"]
    assert queue.attributes().in_flight == 0
