"""The manual's recipe against duplicates, on PostgreSQL: whatever happens to workers, all is charged once."""

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM
from threading import Event
from typing import Any
from uuid import UUID

import boto3
import pytest

from pubsub_tasks.environments.local_broker import environment
from pubsub_tasks.local.server import LocalServer
from tests.integration.commands import Command, command
from tests.manual.pages import MANUAL, blocks
from tests.real.postgresql import postgresql

# The README's test command, which runs no real servers, does not install it.
sqlalchemy = pytest.importorskip("sqlalchemy")
text = sqlalchemy.text

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

MEDIA_TYPE = "application/vnd.shop.pubsub._.created.order"
ORDERS = [UUID(int=number) for number in range(100)]

MODULE = """
import os
from sqlalchemy import create_engine, text

{tasks}
engine = create_engine(os.environ["DATABASE"])

{recipe}
"""

CHARGES = """
CREATE TABLE charges (order_id uuid, total numeric);
CREATE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN PERFORM pg_sleep(current_setting('shop.seconds')::float); RETURN NEW; END $$;
CREATE TRIGGER take_time BEFORE INSERT ON charges FOR EACH ROW EXECUTE FUNCTION take_time();
"""
"""A charge takes the seconds that the session says, so that a worker can be met in the middle of it."""

CHARGING = """
SELECT application_name FROM pg_stat_activity
WHERE query LIKE 'INSERT INTO charges%' AND state = 'active' AND application_name LIKE :name
"""
WAITING = """
SELECT application_name FROM pg_stat_activity
WHERE query LIKE 'INSERT INTO handled%' AND wait_event_type = 'Lock' AND application_name LIKE :name
"""


@dataclass(frozen=True)
class Shop:
    """An application with the manual's recipe, its queue and its database."""

    home: Path
    env: dict[str, str]
    sqs: Any
    queue: str
    database: Any

    def send(self, orders: Sequence[UUID], copies: int) -> None:
        """Each order so many times with one message id, as by a publisher whose response was lost."""
        entries = [
            {"Id": f"{order.int}-{copy}", "MessageBody": body(order)}
            for order in orders
            for copy in range(copies)
        ]
        for start in range(0, len(entries), 10):
            self.sqs.send_message_batch(QueueUrl=self.queue, Entries=entries[start : start + 10])

    def worker(self, name: str, visibility: int, *options: str) -> AbstractContextManager[Command]:
        """`options` are PostgreSQL's, for the sessions of the worker, which have its name."""
        flags = ["--wait-seconds", "1", "--visibility-timeout", str(visibility), "--concurrency", "4"]
        env = {**self.env, "PGAPPNAME": name, "PGOPTIONS": " ".join(f"-c {option}" for option in options)}
        return command("pubsub-worker", "-q", self.queue, "-A", "shop.tasks", *flags, cwd=self.home, env=env)

    def query(self, sql: str, **values: Any) -> list[Any]:
        with self.database.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql), values)]

    def wait_for(self, sql: str, name: str = "%") -> str:
        """Wait until a session of the worker does this; returns the worker's name."""
        while not (found := self.query(sql, name=name)):
            Event().wait(0.01)
        return str(found[0][0])

    def wait_until_all_is_handled(self) -> None:
        while self._depth() > 0:
            Event().wait(0.05)

    def _depth(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(map(int, told.values()))

    def charges(self) -> list[tuple[UUID, int]]:
        """How often each order was charged."""
        return self.query("SELECT order_id, count(*) FROM charges GROUP BY order_id ORDER BY order_id")


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    tasks, *others = [block.code for block in blocks(MANUAL / "tasks.md")]
    (recipe,) = [code for code in others if "ON CONFLICT" in code]
    (table,) = [code for code in others if "CREATE TABLE" in code]
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "tasks.py").write_text(MODULE.format(tasks=tasks, recipe=recipe))
    database = sqlalchemy.create_engine(database_url)
    with database.begin() as transaction:
        transaction.execute(text("DROP TABLE IF EXISTS handled, charges"))
        transaction.execute(text("DROP FUNCTION IF EXISTS take_time"))
        transaction.execute(text(table + CHARGES))
    with LocalServer() as server:
        env = environment(server.url)
        sqs = boto3.client(
            "sqs",
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )
        queue = sqs.create_queue(QueueName="billing")["QueueUrl"]
        yield Shop(tmp_path, env | {"DATABASE": database_url}, sqs, queue, database)
    database.dispose()


def test_each_order_is_charged_once_though_a_worker_is_killed(shop: Shop) -> None:
    # Given two workers, one of which is stricter, and every order twice
    options, strict = (5, "shop.seconds=0.1"), "default_transaction_isolation=serializable"
    with shop.worker("one", *options) as one, shop.worker("two", *options, strict) as two:
        shop.send(ORDERS, copies=2)

        # When one is killed in the middle of its transactions, and replaced
        shop.wait_for(CHARGING, "one")
        one.signal(SIGKILL)
        one.end()
        with shop.worker("three", *options) as three:
            shop.wait_until_all_is_handled()
            end(two, three)

    # Then no order is missing, and none was charged twice
    assert shop.charges() == [(order, 1) for order in ORDERS]
    assert "SerializationFailure" in two.output, "two copies at once are one too many for it"
    assert "SerializationFailure" not in one.output + three.output


def test_a_worker_that_vanishes_holds_up_its_order_until_its_session_is_idle_for_too_long(shop: Shop) -> None:
    # Given two workers, one of which has an order
    options = 2, "shop.seconds=3", "idle_in_transaction_session_timeout=3s"
    with shop.worker("one", *options) as one, shop.worker("two", *options) as two:
        for worker in one, two:
            worker.wait_for("dead letters:")
        shop.send(ORDERS[:1], copies=1)
        workers = {"one": one, "two": two}
        vanished = workers.pop(shop.wait_for(CHARGING))
        ((name, other),) = workers.items()

        # When it stands still, so that the order comes to the other, which waits for its transaction
        vanished.signal(SIGSTOP)
        shop.wait_for(WAITING, name)

        # Then PostgreSQL ends that transaction, and the other charges the order, alone
        shop.wait_until_all_is_handled()
        vanished.signal(SIGCONT)
        end(vanished, other)
    assert shop.charges() == [(ORDERS[0], 1)]


def end(*workers: Command) -> None:
    for worker in workers:
        worker.signal(SIGTERM)
    for worker in workers:
        assert worker.end() == 0, worker.output


def body(order: UUID) -> str:
    headers = {"x-message-id": f"m-{order.int}"}
    return json.dumps(
        {"mediaType": MEDIA_TYPE, "opaqueData": headers, "order_id": str(order), "total": "9.99"}
    )
