"""Each section of the benchmarks prints its table; its figures are of no matter here.

Those that start many processes take seconds even so, and are left to `-m slow`.
"""

from pathlib import Path

import boto3
import pytest

from pubsub_tasks.environments.local_broker import environment
from tests.benchmarks.__main__ import SECTIONS, main

TINY = ["--runs=1", "--scale=0.001"]
QUICK = {"latency", "memory"}


@pytest.fixture(autouse=True)
def an_environment_that_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in environment(""):
        monkeypatch.setenv(name, "")
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in SECTIONS]
)
def test_a_section_prints_its_table_and_writes_it(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([name, *TINY, f"--markdown={tmp_path / 'table.md'}"])

    assert "━" in capsys.readouterr().out
    assert "| contender |" in (tmp_path / "table.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("endpoint", ["canned", "local"])
def test_the_endpoint_is_for_the_user_to_choose(endpoint: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["idle", *TINY, f"--endpoint={endpoint}"])

    assert "calls/minute" in capsys.readouterr().out


def test_an_unknown_section_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nothing"])

    assert "no section nothing: they are consuming," in capsys.readouterr().err


@pytest.mark.slow
def test_plots_are_drawn(tmp_path: Path) -> None:
    main(["consuming", "latency", "startup", "slots", *TINY, f"--plot={tmp_path}"])

    assert {each.name for each in tmp_path.iterdir()} == {
        *("rates.png", "latency.png", "startup.png", "slots.png"),
    }
