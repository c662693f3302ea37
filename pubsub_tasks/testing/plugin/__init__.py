"""The pytest plugin: the fixtures `pubsub` and `pubsub_app`.

Every pytest run in an environment loads it, whether or not its project uses this library. So it is
installed as a package of its own, `pytest_pubsub_tasks`, which imports the library when a test first uses the
fixture.
"""

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

_INI = "pubsub_app"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini option `pubsub_app`."""
    parser.addini(_INI, "the app of the fixture pubsub: MODULE or MODULE:ATTRIBUTE", default=None)


def pytest_configure(config: pytest.Config) -> None:
    """Add the marker `pubsub_app`."""
    config.addinivalue_line("markers", f"{_INI}(app): the app of the fixture pubsub in this test")


@pytest.fixture
def pubsub_app(request: pytest.FixtureRequest) -> Any:
    """The app of the fixture `pubsub`; override it to name another.

    By default it is what the marker or else the ini option `pubsub_app` names, or the default registry.
    """
    marker = request.node.get_closest_marker(_INI)
    if marker is None:
        return request.config.getini(_INI) or None
    if len(marker.args) != 1 or marker.kwargs:
        raise pytest.UsageError(f'write the marker {_INI} with one app: @pytest.mark.{_INI}("shop.tasks")')
    return marker.args[0]


@pytest.fixture
def pubsub(pubsub_app: Any) -> Iterator[Any]:
    """The app's tasks on topics and queues in memory: a `pubsub_tasks.testing.PubSub`."""
    testing = importlib.import_module("pubsub_tasks.testing")
    errors = importlib.import_module("pubsub_tasks.errors")
    try:
        with testing.app(pubsub_app) as pubsub:
            yield pubsub
    except errors.ConfigurationError as error:
        told = f"{_INI}: {str(error).removeprefix('--app ')}"
        raise pytest.fail.Exception(told, pytrace=False) from None
