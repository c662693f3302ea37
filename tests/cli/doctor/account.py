"""An account in moto with what an app needs, and commands that look at it."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import Result
from moto import mock_aws

from pubsub_tasks.cli.provisioning.account_access import AccountAccess
from pubsub_tasks.cli.root_command import command
from pubsub_tasks.provisioning.reading.boto_api import boto_api
from pubsub_tasks.provisioning.resources import Place
from tests.cli.messages.shell import RUNNER
from tests.provisioning.shop import PLACE as BROKER_PLACE
from tests.provisioning.shop import BrokerApi

NAME = "app_of_doctor_commands"
REGION = "eu-west-1"
ORDER = "application/vnd.shop.pubsub._.created.order"
PREFIX = "shop-"
PLACE = Place(REGION, "123456789012", queue_urls=f"https://sqs.{REGION}.amazonaws.com/123456789012/")

APP = """
from marshmallow import fields
from tenacity import stop_after_attempt
from pubsub_tasks import PubSubMessageSchema, Tasks, by, task

tasks = Tasks()

class OrderPlaced(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.order"
    order_id = fields.String(required=True)

class BillPaid(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.bill"
    bill = fields.String(required=True)

@task(OrderPlaced, queue="orders", tasks=tasks, stop=stop_after_attempt(5))
def send_receipt(order_id): ...

@task(OrderPlaced, queue="search", tasks=tasks)
def index(order_id): ...

@task(BillPaid, queue="bills.fifo", group=by("bill"), tasks=tasks)
def book(bill): ...
"""


@dataclass
class AwsAccount:
    """An account in moto."""

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=REGION)

    def run(self, *arguments: str) -> Result:
        """A command as it is typed, with the app and a prefix."""
        return self.type(*arguments, "--app", f"{NAME}:tasks", "--prefix", PREFIX)

    def type(self, *line: str) -> Result:
        access = AccountAccess(lambda region, profile: (boto_api(self.client), PLACE))
        return RUNNER.invoke(command, line, obj=access)

    def apply(self) -> None:
        result = self.run("apply", "--yes")
        assert result.exit_code == 0, result.output

    def url(self, name: str) -> str:
        return PLACE.queue_url(f"{PREFIX}{name}")


@dataclass
class BrokerAccount(AwsAccount):
    """The same in the embedded broker, which is quick."""

    api: BrokerApi = field(default_factory=BrokerApi)

    def type(self, *line: str) -> Result:
        access = AccountAccess(lambda region, profile: (self.api, BROKER_PLACE))
        return RUNNER.invoke(command, line, obj=access)

    def url(self, name: str) -> str:
        return BROKER_PLACE.queue_url(f"{PREFIX}{name}")


@pytest.fixture
def broker(app: None) -> BrokerAccount:
    return BrokerAccount()


@pytest.fixture
def account(app: None) -> Iterator[AwsAccount]:
    with mock_aws():
        yield AwsAccount()


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / f"{NAME}.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield
    sys.modules.pop(NAME, None)
