"""pyright finds what is wrong in a sample application, and nothing else, there and in the README."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.manual.pages import ROOT
from tests.typed_publishing.test_type_checkers import readme_example, sample_in, wrong_lines

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


def pyright(*files: Path) -> set[tuple[str, int]]:
    """File name and line of each error."""
    # Of an editable installation pyright cannot know where it is.
    settings = {"extraPaths": [str(ROOT)], "include": [str(file) for file in files]}
    (files[0].parent / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable],
        cwd=files[0].parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1)
        for each in found
        if each["severity"] == "error"
    }


def test_pyright_finds_what_is_wrong_and_nothing_else(tmp_path: Path) -> None:
    sample = sample_in(tmp_path)

    found = pyright(sample)

    assert found == wrong_lines(sample)
    assert len(found) == 24


def test_the_example_of_the_readme_is_clean_to_pyright(tmp_path: Path) -> None:
    assert pyright(*readme_example(tmp_path)) == set()
