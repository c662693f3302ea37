"""Every test runs as on a machine without AWS settings, without a network, and with the same examples."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

WORKERS_PER_CORE = 3
"""Most tests of the slow suites wait for processes, so three share a core well."""

MOST_WORKERS = 8


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The whole suite runs in parallel; what is named on the command line runs in this process."""
    whole = config.args_source is not pytest.Config.ArgsSource.ARGS
    return min(MOST_WORKERS, WORKERS_PER_CORE * (os.cpu_count() or 1)) if whole else 0


# A busy machine generates slowly, which says nothing about a strategy.
settings.register_profile(
    "ci", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci")


@pytest.fixture(autouse=True)
def no_aws_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A developer's own profile, region or endpoint must never reach a test."""
    _forget_aws(monkeypatch, tmp_path)


@pytest.fixture(scope="session", autouse=True)
def no_aws_settings_while_shared_fixtures_are_made(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """Servers and clients that live as long as the session are made before any test's own fixtures."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        _forget_aws(monkeypatch, tmp_path_factory.getbasetemp())
        yield


def _forget_aws(monkeypatch: pytest.MonkeyPatch, nowhere: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(nowhere / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nowhere / "no-credentials"))
    # Without this, a machine without credentials asks the network for an instance's role.
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
