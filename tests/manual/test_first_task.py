"""The README's first task, followed: its module, its worker command, and publishing from another shell."""

import signal
import sys
from pathlib import Path
from shlex import split

from tests.integration.commands import command, outcome
from tests.manual.pages import ROOT, Block, blocks

SHOWN = list(blocks(ROOT / "README.md"))


def shown(text: str) -> Block:
    (found,) = [block for block in SHOWN if text in block.code]
    return found


def test_the_first_task_handles_what_another_shell_publishes(tmp_path: Path) -> None:
    # given the module that the README shows
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "tasks.py").write_text(shown("# shop/tasks.py").code, encoding="utf-8")

    # and the worker, started as it says, whose output is a pipe as in a container
    buffered = {"PYTHONUNBUFFERED": ""}
    with command(*split(shown("pubsub-worker --local").code), cwd=tmp_path, env=buffered) as worker:
        worker.wait_for("# python -c 'from shop.tasks import send_receipt")
        exports = [line.removeprefix("export ") for line in worker.lines if line.startswith("export ")]
        variables = dict(" ".join(split(line)).split("=", 1) for line in exports)

        # when another shell with the lines that it printed publishes
        (tmp_path / "publish.py").write_text(shown("send_receipt.publish(").code, encoding="utf-8")
        code, output = outcome(sys.executable, "publish.py", cwd=tmp_path, env=variables)

        # then the task has run
        assert (code, output) == (0, "")
        receipt = worker.wait_for("receipt for")
        assert receipt.endswith("receipt for 6f3c3f0e-8d0a-4a52-9e1e-0f4a5d6d1c11: 9.99, attempt 1")
        worker.signal(signal.SIGTERM)
        assert worker.end() == 0
