"""pubsub-tasks schema as its users type it."""

import json
import sys
from collections.abc import Iterator
from inspect import signature
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pubsub_tasks.cli.root_command import command

APP = """
from marshmallow import fields
from pubsub_tasks import PubSubMessageSchema, Tasks, task

tasks = Tasks()

class OrderPlaced(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.order"
    order_id = fields.String(required=True)
    {field}

class BillPaid(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.bill"
    bill = fields.String()

tasks.schemas.register(BillPaid)

@task(OrderPlaced, queue="orders", tasks=tasks)
def bill(order_id): ...
"""

RUNNER = CliRunner(**({"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}))


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "shop_before.py").write_text(APP.format(field="note = fields.String()"))
    (tmp_path / "shop_after.py").write_text(APP.format(field="note = fields.String(required=True)"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield tmp_path
    for name in ("shop_before", "shop_after"):
        sys.modules.pop(name, None)


def run(*arguments: str) -> Result:
    return RUNNER.invoke(command, ["schema", *arguments])


def test_one_asyncapi_document_is_written_for_an_app(directory: Path) -> None:
    result = run("export", "--app", "shop_before:tasks", "--title", "Shop", "--prefix", "prod-")

    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert (document["asyncapi"], document["info"]) == ("3.0.0", {"title": "Shop", "version": "1"})
    assert set(document["operations"]) == {"receive-OrderPlaced-orders", "send-BillPaid"}


def test_a_json_schema_is_written_for_each_media_type(directory: Path) -> None:
    result = run("export", "--app", "shop_before:tasks", "--format", "json-schema", "--output", "out")

    assert result.exit_code == 0, result.output
    files = sorted(path.name for path in (directory / "out").iterdir())
    assert files == [f"application_2fvnd-shop-pubsub-__-created-{name}.json" for name in ("bill", "order")]


def test_one_media_type_alone_is_one_document(directory: Path) -> None:
    result = run("export", "--app", "shop_before:tasks", "--format", "json-schema", "--media-type", "*.bill")

    assert json.loads(result.stdout)["title"] == "BillPaid"


def test_a_breaking_change_of_the_app_is_shown_and_exits_with_1(directory: Path) -> None:
    run("export", "--app", "shop_before:tasks", "--output", "old.json")

    result = run("diff", "old.json", "--app", "shop_after:tasks")

    assert result.exit_code == 1
    assert "note" in result.stdout
    assert "is required, was optional" in result.stdout
    assert result.stdout.endswith("1 breaking, 0 risky, 0 safe\n")


def test_the_exit_code_goes_by_the_side_that_is_asked_for(directory: Path) -> None:
    run("export", "--app", "shop_before:tasks", "--output", "old.json")

    codes = {
        side: run("diff", "old.json", "--app", "shop_after:tasks", "--for", side).exit_code
        for side in ("publisher", "consumer", "both")
    }

    assert codes == {"publisher": 0, "consumer": 1, "both": 1}


def test_directories_and_documents_are_compared_alike(directory: Path) -> None:
    run("export", "--app", "shop_before:tasks", "--output", "old.json")
    run("export", "--app", "shop_after:tasks", "--format", "json-schema", "--output", "new")

    (change,) = json.loads(run("diff", "old.json", "new", "--json").stdout)

    assert (change["path"], change["publisher"], change["consumer"]) == ("note", "safe", "breaking")
    assert run("diff", "new", "new").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["diff", "missing.json", "--app", "shop_before:tasks"], "cannot read missing.json"),
        (["diff", "shop_before.py", "--app", "shop_before:tasks"], "is not JSON"),
        (["diff", "empty", "empty"], "empty has no .json files"),
        (["diff", "other.json", "other.json"], "neither an AsyncAPI document"),
        (["diff", "a", "b", "--app", "shop_before:tasks"], "give NEW or --app, not both"),
        (["export", "--app", "shop_before:tasks", "--media-type", "x"], "no schema matches x"),
        (["export", "--app", "shop_before:tasks", "-o", "no/where.json"], "cannot write no/where.json"),
        (
            ["export", "--app", "shop_before:tasks", "--format", "json-schema", "-o", "other.json/schemas"],
            "cannot write other.json/schemas",
        ),
    ],
)
def test_what_is_wrong_is_one_line(directory: Path, arguments: list[str], said: str) -> None:
    (directory / "empty").mkdir()
    (directory / "other.json").write_text("{}")

    result = run(*arguments)

    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
