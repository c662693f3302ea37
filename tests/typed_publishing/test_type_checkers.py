"""mypy finds what is wrong in a sample application, and nothing else, in it and in the README's example.

`tests/real` has the same for pyright.
"""

import re
import subprocess
import sys
from pathlib import Path

from tests.manual.pages import ROOT, blocks

SAMPLE = Path(__file__).parent / "sample_shop.py"


def reported(*files: Path, options: tuple[str, ...] = ("--strict",)) -> str:
    """What mypy prints about these files."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--config-file=", *options),
            *("--cache-dir", files[0].parent / ".mypy_cache", "--python-executable", sys.executable),
            *files,
        ],
        cwd=ROOT,
        env={"MYPYPATH": str(files[0].parent), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def mypy(*files: Path, options: tuple[str, ...] = ("--strict",)) -> set[tuple[str, int]]:
    """File name and line of each error."""
    found = re.findall(r"^(\S+?):(\d+): error: ", reported(*files, options=options), re.MULTILINE)
    read = {file.name for file in files}
    return {(Path(name).name, int(line)) for name, line in found if Path(name).name in read}


def wrong_lines(file: Path) -> set[tuple[str, int]]:
    """Lines marked `# wrong`."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return {(file.name, number) for number, line in enumerate(lines, 1) if line.endswith("# wrong")}


def readme_example(folder: Path) -> list[Path]:
    """The README's task, and the lines that publish with it, as files."""
    tasks, script = [block.code for block in blocks(ROOT / "README.md") if block.language == "python"][:2]
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").touch()
    files = [folder / "script.py", folder / "shop" / "tasks.py"]
    for file, code in zip(files, (script, tasks), strict=True):
        file.write_text(code, encoding="utf-8")
    return files


def sample_in(folder: Path) -> Path:
    sample = folder / SAMPLE.name
    sample.write_text(SAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    return sample


def test_mypy_finds_what_is_wrong_and_nothing_else(tmp_path: Path) -> None:
    sample = sample_in(tmp_path)

    found = mypy(sample)

    assert found == wrong_lines(sample)
    assert len(found) == 24


def test_mypy_names_the_field_that_is_misspelt(tmp_path: Path) -> None:
    sample = sample_in(tmp_path)

    said = reported(sample)

    for start in ("send_receipt.", "batch.", "order_placed."):
        (line,) = [
            number
            for number, text in enumerate(sample.read_text(encoding="utf-8").splitlines(), 1)
            if text.startswith(f"{start}publish(") and ("totl" in text or "ordr_id" in text)
        ]
        assert f":{line}: error: Unexpected keyword argument" in said


def test_the_example_of_the_readme_is_clean_to_mypy(tmp_path: Path) -> None:
    # its handler has no annotations, which mypy refuses if it is strict
    lenient = ("--strict", "--allow-untyped-defs", "--allow-incomplete-defs", "--allow-untyped-calls")

    assert mypy(*readme_example(tmp_path), options=lenient) == set()
