"""pubsub-tasks tasks as its users type it."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pubsub_tasks.cli.root_command import command

NAME = "app_of_the_tasks_command"

APP = """
from marshmallow import fields, pre_load
from tenacity import stop_after_attempt, wait_fixed
from pubsub_tasks import PubSubMessageSchema, Tasks, handles, task

tasks, empty = Tasks(), Tasks()

class OrderPlaced(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.order"
    order_id = fields.UUID(required=True)

class BillPaid(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.bill"
    bill = fields.String(required=True)

    @pre_load
    def trim(self, data, **_):
        return data

@task(OrderPlaced, stop=stop_after_attempt(3), wait=wait_fixed(10), timeout=60, tasks=tasks)
def send_receipt(order_id): ...

@task(BillPaid, queue="billing", tasks=tasks)
def book(bill): ...
"""


@pytest.fixture(autouse=True)
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / f"{NAME}.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield
    sys.modules.pop(NAME, None)


def run(*arguments: str, attribute: str = "tasks") -> Result:
    return CliRunner().invoke(command, ["tasks", "--app", f"{NAME}:{attribute}", *arguments])


def lines(result: Result) -> list[str]:
    return [" ".join(line.split()) for line in result.output.splitlines()]


def test_tasks_are_listed_by_queue() -> None:
    result = run()

    assert result.exit_code == 0
    assert lines(result) == [
        "task media type schema queue retries",
        f"{NAME}.book application/vnd.shop.pubsub._.created.bill BillPaid billing 5 attempts, 1s..900s",
        f"{NAME}.send_receipt application/vnd.shop.pubsub._.created.order OrderPlaced default "
        "3 attempts, 10s, 60s each",
    ]


def test_a_schema_without_a_plan_is_named_with_the_reason() -> None:
    assert lines(run("--verbose"))[3:] == [
        f"{NAME}.BillPaid: no load plan, since BillPaid has a pre_load hook",
        f"{NAME}.OrderPlaced: loaded and dumped by plan",
    ]


def test_json_has_everything() -> None:
    book, receipt = json.loads(run("--json").output)

    assert book["no_load_plan"] == "BillPaid has a pre_load hook"
    assert receipt == {
        "task": f"{NAME}.send_receipt",
        "media_type": "application/vnd.shop.pubsub._.created.order",
        "schema": f"{NAME}.OrderPlaced",
        "queue": "default",
        "policy": "3 attempts, 10s",
        "timeout": 60,
        "no_load_plan": None,
        "no_dump_plan": None,
    }


def test_an_app_without_tasks_is_refused_in_one_line() -> None:
    result = run(attribute="empty")

    assert result.exit_code == 2
    assert len(result.output.splitlines()) == 1
    assert f"--app {NAME}:empty declares no tasks" in result.output
