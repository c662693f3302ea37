"""`pubsub-tasks celery inspect`: what the tasks of a Celery app become here."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from celery import Celery
from click.testing import CliRunner

from pubsub_tasks.celery.app_task import app_tasks
from pubsub_tasks.celery.task_source import write_source
from pubsub_tasks.cli.root_command import command

REPOSITORY = Path(__file__).parents[2]
SHOP = "tests.cli.celery_shop"


def run(*arguments):
    return CliRunner().invoke(command, ["celery", "inspect", *arguments], env={"COLUMNS": "160"})


def inspected(app=SHOP):
    result = run("--app", app, "--json")
    assert result.exit_code == 0, result.output
    return {task["task"]: task for task in json.loads(result.output)}


def test_each_task_is_listed_with_what_it_becomes():
    receipt = inspected()["shop.send_receipt"]

    assert receipt == {
        "task": "shop.send_receipt",
        "queue": "shop",
        "fields": {"order_id": "UUID", "total": "Decimal", "note": "String"},
        "attempts": 4,
        "retried_after": [],
        "timeout": 300,
        "problems": [],
        "notes": [],
    }


def test_policies_queues_and_limits_are_read():
    paint = inspected()["shop.paint"]

    assert paint["queue"] == "paint"
    assert paint["attempts"] == 8
    assert paint["retried_after"] == ["OSError", "KeyError"]
    assert paint["timeout"] == 60
    assert paint["fields"] == {
        "walls": "List",
        "price_per_square_metre": "Decimal",
        "color": "Enum",
        "sizes": "Dict",
    }
    assert any("rate_limit" in note for note in paint["notes"])
    for replacement in ("raise Nack", "raise SkipMessage", "delivery: Delivery"):
        assert any(replacement in note for note in paint["notes"])


def test_arguments_of_automatic_retries_are_read():
    house = inspected()["shop.house.paint"]

    assert house["attempts"] == 10
    assert house["fields"] == {"number": "Raw"}
    assert house["notes"] == ["expires=60 has no counterpart: publish with .options(expires=...)"]


@pytest.mark.filterwarnings("ignore:(?s).*The 'queue' task attribute is deprecated")
def test_a_queue_that_a_task_declares_wins_over_routes_as_in_celery():
    app = Celery("queues", broker="memory://", set_as_current=False)
    app.conf.task_routes = {"queues.paint": {"queue": "routed"}}

    def paint():
        """Never called."""

    app.task(paint, name="queues.paint", queue="declared", shared=False)

    assert {task.name: task.queue for task in app_tasks(app)}["queues.paint"] == "declared"


def test_what_cannot_be_moved_says_why():
    tasks = inspected()

    assert "'weight' of type 'Fraction'" in tasks["shop.weigh"]["problems"][0]

    assert "*args" in tasks["shop.anything"]["problems"][0]
    assert "pickled" in tasks["shop.pickled"]["problems"][0]


def test_the_table_shows_the_same():
    output = run("--app", f"{SHOP}:app").output

    assert "shop.send_receipt" in output
    assert "order_id: UUID" in output
    assert "shop.anything cannot be moved: " in output


def test_what_holds_for_several_tasks_is_said_once(tmp_path, monkeypatch):
    (tmp_path / "early.py").write_text(
        "import celery\napp = celery.Celery('early')\n@app.task\ndef one(): ...\n@app.task\ndef two(): ...\n"
    )
    monkeypatch.chdir(tmp_path)

    output = run("--app", "early").output

    assert output.count("acks_late is off") == 1
    assert "early.one, early.two" in output  # and tasks of other apps, which Celery shares


def test_the_app_of_a_package_may_be_in_its_module_celery(tmp_path, monkeypatch):
    package = tmp_path / "packaged"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "celery.py").write_text(
        "import celery\napp = celery.Celery('packaged')\n"
        "@app.task(name='packaged.one', shared=False)\ndef one(): ...\n"
    )
    monkeypatch.chdir(tmp_path)

    assert "packaged.one" in run("--app", "packaged").output


@pytest.fixture
def written(tmp_path):
    file = tmp_path / "moved.py"
    result = run("--app", SHOP, "--write", str(file))
    assert result.exit_code == 0, result.output
    return file


SHOW = """
import json, moved
from tests.cli.celery_shop import Color
paint, house, has_pickled = moved.shop_paint, moved.shop_house_paint, hasattr(moved, "pickled")
print(json.dumps([paint.celery, paint.queue, paint.timeout, paint.policy.describe(), has_pickled]))
print(house.policy.describe())
content = moved.ShopPaint().load({"walls": []})
assert (content["color"], content["sizes"]) == (Color.RED, {"door": [1, 2]})
moved.SendReceipt().load({"order_id": "00000000-0000-0000-0000-000000000007"})
"""


def test_what_is_written_declares_the_tasks(written):
    environment = {**os.environ, "PYTHONPATH": f"{written.parent}{os.pathsep}{REPOSITORY}"}

    shown = subprocess.run(
        [sys.executable, "-c", SHOW], env=environment, capture_output=True, text=True, check=True
    )

    paint, house = shown.stdout.splitlines()
    assert json.loads(paint) == [["shop.paint"], "paint", 60, "8 attempts, 0s..600s", False]
    assert house == "10 attempts, 5s"


@pytest.mark.parametrize(
    "tool",
    [
        ["ruff", "format", "--check", "--isolated"],
        ["ruff", "check", "--isolated", "--select", "E,F,I,UP,W"],
        ["mypy", "--strict", "--follow-imports=silent", "--cache-dir=/dev/null"],
    ],
    ids=["format", "lint", "types"],
)
def test_what_is_written_is_formatted_and_typed(written, tool):
    program = Path(sys.executable).parent / tool[0]

    result = subprocess.run(
        [program, *tool[1:], written],
        cwd=written.parent,
        env={**os.environ, "MYPYPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout + written.read_text()


def test_a_file_that_exists_is_never_overwritten(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("mine")

    result = run("--app", SHOP, "--write", str(file))

    assert result.exit_code == 2
    assert "exists already" in result.output
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("app", "message"),
    [
        ("no.such.module", "no.such.module"),
        ("json", "no Celery app"),
        (f"{SHOP}:Color", "no Celery app"),
    ],
)
def test_an_app_that_is_not_there_is_one_line(app, message):
    result = run("--app", app)

    assert result.exit_code == 2
    assert message in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_what_is_written_is_python_whatever_the_tasks_are_called():
    app = Celery("other", broker="memory://", set_as_current=False)

    def paint(walls: int = 4, *, color: str):
        """Never called."""

    for name in ("send-email", "crm.add", "shop.add", "shop.class", "shop.task", 'shop."42'):
        app.task(paint, name=name, shared=False)

    source = write_source("other", app_tasks(app))

    compile(source, "moved.py", "exec")
    assert set(re.findall("^def (.*)[(]walls: int = 4, [*], color: str[)]", source, re.MULTILINE)) == {
        *("crm_add", "shop_add", "send_email", "_42", "task_class", "task_task"),
    }
    classes = re.findall("^class (.*)[(]", source, re.MULTILINE)
    assert {"CrmAdd", "ShopAdd", "SendEmail", "Task42", "TaskClass", "TaskTask"} <= set(classes)
