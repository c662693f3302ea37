"""A shop's app, and the commands plan, apply and export on an account in the embedded broker."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pubsub_tasks.cli.provisioning.account_access import AccountAccess
from pubsub_tasks.cli.root_command import command
from pubsub_tasks.provisioning.resources import Place
from tests.provisioning.shop import PLACE, BrokerApi

NAME = "shop_of_provisioning_commands"

APP = """
from marshmallow import fields
from pubsub_tasks import PubSubMessageSchema, Tasks, by, task

tasks = Tasks()

class OrderPlaced(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.order"
    order_id = fields.String(required=True)

class StockMoved(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.changed.stock"
    sku = fields.String(required=True)

@task(OrderPlaced, queue="receipts", tasks=tasks)
def send_receipt(order_id): ...

@task(StockMoved, queue="stock.fifo", group=by("sku"), tasks=tasks)
def move(sku): ...

nothing = Tasks()
"""


class ShopShell:
    """Runs commands; `api` is the account."""

    def __init__(self) -> None:
        self.api = BrokerApi()
        self.terminal = True
        self.regions: list[str | None] = []
        """That the commands connected to."""

    def run(
        self, *arguments: str, app: str = "tasks", prefix: str | None = "shop-", typed: str = ""
    ) -> Result:
        access = AccountAccess(self._connect, lambda: self.terminal)
        name, *others = arguments
        prefixed = [] if prefix is None else ["--prefix", prefix]
        given = [name, "--app", f"{NAME}:{app}", *prefixed, *others]
        return CliRunner().invoke(command, given, input=typed, obj=access)

    def _connect(self, region: str | None, profile: str | None) -> tuple[BrokerApi, Place]:
        self.regions.append(region)
        return self.api, replace(PLACE, region=region or PLACE.region)

    def json(self, *arguments: str, **given: Any) -> Any:
        result = self.run(*arguments, **given)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def queues(self) -> list[str]:
        urls = self.api("sqs", "ListQueues", {}).get("QueueUrls", [])
        return [url.rpartition("/")[2] for url in urls]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ShopShell]:
    (tmp_path / f"{NAME}.py").write_text(APP, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield ShopShell()
    sys.modules.pop(NAME, None)
