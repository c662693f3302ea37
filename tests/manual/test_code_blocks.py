"""Code blocks of the README and the manual: Python runs, and commands and their flags exist.

A Python block is run in a process of its own, after STAGE, which has the names that the reader has by then:
the README's task, rows of a database, functions of the reader's own. Topics and queues are in memory.
"""

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pubsub_tasks.cli import root_command, worker
from tests.manual.pages import PAGES, ROOT, Block, blocks, spans, subcommands

BLOCKS = [block for page in PAGES for block in blocks(page)]
PYTHON = [block for block in BLOCKS if block.language == "python"]
SHELL = [block for block in BLOCKS if block.language in ("sh", "console")]

TASKS = "# shop/tasks.py\n"
"""The first line of the block that is the reader's module of tasks."""

VARIABLES = {"AWS_DEFAULT_REGION": "eu-west-1", "CI": "true"}
"""With CI set, Hypothesis measures no time, which says nothing on a busy machine."""

ALONE = "import sys; exec(sys.stdin.read())"

STAGE = """
import asyncio, ast, inspect, sys
from collections import namedtuple
from contextlib import nullcontext
from uuid import uuid4

from microcosm.api import create_object_graph
from tenacity import *

import pubsub_tasks.graph
from pubsub_tasks import *
from pubsub_tasks.testing import app
from shop.tasks import OrderPlaced, send_receipt

graph = create_object_graph("stage", testing=True)
graph.use("sns_producer")

order_id, total = uuid4(), "9.99"
rows = [namedtuple("Row", "id total")(uuid4(), "1.00") for _ in range(12)]
fields = __import__("marshmallow").fields

def charge_card(*arguments): ...
def timer(name): return nullcontext()
def signed(call_next, context): return call_next(context)
def count(event): ...

code = compile(sys.stdin.read(), "block", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
done = eval(code)
if inspect.iscoroutine(done):
    asyncio.run(done)
for test in [value for name, value in list(globals().items()) if name.startswith("test_")]:
    with app("shop.tasks") as pubsub:
        done = test(**{name: pubsub for name in inspect.signature(test).parameters})
        if inspect.iscoroutine(done):
            asyncio.run(done)
"""


def test_every_block_is_of_a_language_that_is_checked() -> None:
    assert [str(block) for block in BLOCKS if block.language not in ("python", "sh", "console", "")] == []
    assert len(PYTHON) > 12


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_a_python_block_runs(block: Block, tmp_path: Path) -> None:
    # given the reader's module of tasks, which a block that declares a message with its own imports needs not
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "shop" / "tasks.py").write_text(module_of_tasks(), encoding="utf-8")
    is_whole = "import " in block.code and "MEDIA_TYPE = " in block.code

    done = subprocess.run(
        [sys.executable, "-c", ALONE if is_whole else STAGE],
        input=block.code,
        env={**os.environ, **VARIABLES, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, f"{block}\n{done.stderr}"


def module_of_tasks() -> str:
    (found,) = [block.code for block in PYTHON if block.code.startswith(TASKS)]
    return found


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_a_python_block_imports_only_what_is_public(block: Block) -> None:
    public = (
        "pubsub_tasks",
        "pubsub_tasks.aws_events",
        "pubsub_tasks.aws_lambda",
        "pubsub_tasks.celery",
        "pubsub_tasks.graph",
        "pubsub_tasks.tasks.events",
        "pubsub_tasks.testing",
        "pubsub_tasks.testing.matchers",
        "pubsub_tasks.testing.strategies",
        "pubsub_tasks.verdicts",
    )
    imported = set()
    for node in ast.walk(ast.parse(block.code)):
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
        elif isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)

    assert {name for name in imported if name.startswith("pubsub_tasks")} <= set(public)


# Commands.


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Every command that the pages show, split as a shell does, and where it stands."""
    for block in SHELL:
        lines = block.code.splitlines()
        shown = (
            [line[2:] for line in lines if line.startswith("$ ")] if block.language == "console" else lines
        )
        for line in shown:
            for part in line.split(" && "):
                yield str(block), shlex.split(part)
    for page in PAGES:
        for span in spans(page):
            if re.match(r"(pubsub-worker|pubsub-tasks) ", span):
                yield page.name, shlex.split(span.replace("…", ""))


@pytest.mark.parametrize(("where", "line"), list(command_lines()), ids=lambda value: str(value)[:60])
def test_a_command_that_is_shown_exists_with_its_flags(where: str, line: list[str]) -> None:
    program, *arguments = line
    commands: dict[str, click.Command] = {
        "pubsub-worker": worker.command,
        "pubsub-tasks": root_command.command,
    }
    if program not in commands:
        assert Path(program).name in ("python3", "python", "pip", "export"), where
        return
    command = commands[program]
    while isinstance(command, click.Group) and arguments:
        command = subcommands(command)[arguments.pop(0)]
    known = {flag for parameter in command.params for flag in parameter.opts} | {"--help", "-h"}

    assert {each for each in arguments if each.startswith("-")} <= known


@pytest.mark.parametrize(
    "line",
    [
        "python3 -m venv .venv && .venv/bin/pip install -q -e '.[local]' && .venv/bin/python -m examples",
        "python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && .venv/bin/python -m pytest",
    ],
)
def test_the_commands_for_a_fresh_machine_stand_in_the_readme_word_for_word(line: str) -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()

    assert lines.count(line) == 1  # .ci/run finds the tests' command there


def test_the_readme_is_a_product_page_and_not_the_manual() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200
