"""Finding an app, and the object graph that serves it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from microcosm.registry import _registry

from pubsub_tasks.cli import find_app
from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.tasks.registry import default_tasks
from pubsub_tasks.wire.media_types import created

APP = """
from microcosm.api import binding, create_object_graph
import pubsub_tasks.graph
from pubsub_tasks import Tasks, created, handles

tasks = Tasks()

@binding("test_apps_handler")
@handles(created("foo"), tasks=tasks)
class Handler:
    def __init__(self, graph):
        self.name = graph.metadata.name

    def __call__(self, content):
        return True

def testing_graph():
    graph = create_object_graph("shop", testing=True)
    graph.assign("sqs_message_handler_registry", tasks)
    return graph

def graph_of_nothing():
    graph = create_object_graph("nothing", testing=True)
    graph.assign("sqs_message_handler_registry", Tasks())
    return graph

graph = create_object_graph("real").lock()
number = 7
"""


@pytest.fixture(scope="module", autouse=True)
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A module of an application, imported once, since its bindings are the process's."""
    directory = tmp_path_factory.mktemp("app")
    (directory / "test_apps_shop.py").write_text(APP)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(default_tasks, "_producer", None)  # which serving a graph binds
        monkeypatch.chdir(directory)
        monkeypatch.setattr(sys, "path", [*sys.path])
        yield
    sys.modules.pop("test_apps_shop", None)
    _registry.factories.pop("test_apps_handler", None)  # this process may run more tests of the module


def served(spec: str, **config: object) -> tuple[object, list[str], list[object]]:
    """(its graph, media types served, what made the handlers)"""
    graph = find_app.find(spec).graph(config, testing=True, debug=False)
    tasks = list(graph.pubsub_served_tasks)
    return graph, [task.media_type for task in tasks], [task.function.name for task in tasks]


def test_a_registry_is_served_by_a_graph_of_our_own_with_the_given_configuration() -> None:
    graph, media_types, names = served("test_apps_shop:tasks", sqs_consumer={"wait_seconds": 3})

    assert (media_types, names) == ([created("foo")], ["pubsub-tasks"])
    assert graph.config.sqs_consumer.wait_seconds == 3


def test_a_callable_may_return_the_graph_that_serves() -> None:
    graph, media_types, names = served("test_apps_shop:testing_graph")

    assert graph.metadata.name == "shop"
    assert (media_types, names) == ([created("foo")], ["shop"])


def test_a_graph_is_served_even_if_locked_unless_it_was_not_made_for_testing() -> None:
    app = find_app.find("test_apps_shop:graph")

    graph = app.graph({}, testing=False, debug=False)
    assert graph.metadata.name == "real"
    assert default_tasks.producer is graph.sns_producer
    assert app.tasks is default_tasks
    with pytest.raises(ConfigurationError, match="'real' was created without testing"):
        app.graph({}, testing=True, debug=False)


def test_a_module_alone_is_the_default_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_app.load("test_apps_shop") is default_tasks

    monkeypatch.setenv("PUBSUB_TASKS_APP", "test_apps_shop")
    assert find_app.load(None) is default_tasks


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("test_apps_shop:number", "int is neither a Tasks nor an object graph"),
        ("test_apps_shop:nothing", "module test_apps_shop has no 'nothing'"),
        ("test_apps_nothing", "test_apps_nothing: cannot be imported from .*No module named 'test_apps_not"),
        ("test_apps_shop.py", r"is a file name: give the module name, --app test_apps_shop$"),
        ("./a/shop.py:tasks", r"is a file name: give the module name, --app a\.shop:tasks$"),
        (None, "no tasks: name their module with --app"),
    ],
)
def test_what_is_no_app_is_told_as_such(spec: str | None, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        find_app.find(spec)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("\nx = missing", r"broken\.py:2: NameError: name 'missing' is not defined"),
        ("import json\njson.loads('{')", r"broken\.py:2: JSONDecodeError: "),
        ("from pubsub_tasks import task\n\n@task(dict)\ndef f(): ...", r"broken\.py:3: ConfigurationError: "),
        ("def f(:", r"broken\.py:1: SyntaxError: invalid syntax$"),
        ("import test_apps_inner", r"inner\.py:1: ZeroDivisionError: "),
        ("def graph():\n    return 1 / 0", r"broken\.py:2: ZeroDivisionError: "),
        ("import test_apps_nowhere", r"broken\.py:1: ModuleNotFoundError: No module named"),
    ],
)
def test_what_fails_in_an_app_is_told_with_its_place_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "test_apps_inner.py").write_text("1 / 0")
    (tmp_path / "test_apps_broken.py").write_text(source)
    try:
        with pytest.raises(ConfigurationError, match=rf"^--app test_apps_broken\S*: test_apps_{told}"):
            find_app.find("test_apps_broken:graph")
    finally:
        sys.modules.pop("test_apps_broken", None)


def test_an_app_without_a_task_is_named() -> None:
    app = find_app.find("test_apps_shop:graph_of_nothing")

    with pytest.raises(ConfigurationError, match="--app test_apps_shop:graph_of_nothing declares no tasks"):
        app.require_tasks(app.graph({}, testing=True, debug=False))


def test_handlers_that_a_graph_makes_are_ready_to_be_called() -> None:
    (task,), _ = find_app.load_served("test_apps_shop:tasks")

    assert task.function({}) is True
