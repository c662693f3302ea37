"""A shop's app whose object graph has its topics and queues in memory, and commands that use it."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import signature
from json import loads
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pubsub_tasks.cli.root_command import command

ORDER = "application/vnd.shop.pubsub._.created.order"
ORDER_ID = "6f3c3f0e-8d0a-4a52-9e1e-0f4a5d6d1c11"

NAME = "app_of_message_commands"

APP = """
from marshmallow import Schema, fields
from pubsub_tasks import PubSubMessageSchema, Tasks, by, task
from pubsub_tasks.graph.object_graph import graph_for

tasks = Tasks()

class Customer(Schema):
    name = fields.String(required=True)

class OrderPlaced(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.order"
    order_id = fields.UUID(required=True)
    total = fields.Decimal(required=True, as_string=True)
    count = fields.Integer(strict=True)
    customer = fields.Nested(Customer)

class BillPaid(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.bill"
    bill = fields.String(required=True)
    account = fields.String(required=True)

for each in (OrderPlaced, BillPaid):
    tasks.schemas.register(each)

@task(OrderPlaced, queue="orders", tasks=tasks)
def send_receipt(order_id, total, count=0, customer=None): ...

@task(BillPaid, queue="bills.fifo", group=by("account"), tasks=tasks)
def book(bill, account): ...

graph = graph_for(tasks, testing=True)
"""

# Until click 8.2 the two streams were one unless asked otherwise.
RUNNER = CliRunner(**({"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}))


@dataclass
class Shell:
    """A command line in a directory that has the app."""

    directory: Path

    def run(self, *arguments: str, given: str = "", obj: Any = None) -> Result:
        return RUNNER.invoke(command, [*arguments, "--app", f"{NAME}:graph"], input=given, obj=obj)

    def file(self, name: str, *lines: str) -> str:
        (self.directory / name).write_text("".join(f"{line}\n" for line in lines))
        return name

    def lines(self, name: str) -> list[str]:
        return (self.directory / name).read_text().splitlines()

    @property
    def graph(self) -> Any:
        return sys.modules[NAME].graph

    def received(self) -> list[dict[str, Any]]:
        """The contents of what was published, by the queues that it came to."""
        if NAME not in sys.modules:
            return []
        found = []
        for name in ("orders", "bills.fifo"):
            queue = self.graph.pubsub_world.queue(name)
            while records := queue.receive(10, 0, 60):
                found += [_content(record.body) for record in records]
                queue.delete([record.receipt_handle for record in records])
        return found


def _content(body: str) -> dict[str, Any]:
    return {name: value for name, value in loads(body).items() if name not in ("mediaType", "opaqueData")}


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    (tmp_path / f"{NAME}.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield Shell(tmp_path)
    sys.modules.pop(NAME, None)
