"""Middleware and observers that code, configuration or an installed package adds."""

import logging
import sys
from importlib.metadata import EntryPoint

import pytest
from microcosm.api import create_object_graph, load_from_dict

import pubsub_tasks.graph.object_graph
from pubsub_tasks import Tasks
from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.graph import extensions
from pubsub_tasks.tasks.events import Published, Settled
from pubsub_tasks.tasks.observers import Observers
from pubsub_tasks.verdicts import Ack
from tests.samples import OrderPlaced

SEEN: list = []


def watch(event):
    SEEN.append(event)


class Watching:
    def __init__(self):
        self.kinds = (Settled,)

    def __call__(self, event):
        SEEN.append(event)


def around(call_next, call):
    SEEN.append("around")
    return call_next(call)


async def aaround(call_next, call):
    return await call_next(call)


def publishing(call_next, publication):
    SEEN.append("publishing")
    return call_next(publication)


def sending(call_next, call):
    answers = call_next(call)
    SEEN.append((call.destination, len(answers)))
    return answers


def logging_around(call_next, call):
    logging.getLogger(__name__).info("around")
    return call_next(call)


pair = (around, aaround)
number = 7


@pytest.fixture(autouse=True)
def module(monkeypatch):
    monkeypatch.setitem(sys.modules, "tests_extensions", sys.modules[__name__])
    SEEN.clear()


def graph_with(tasks=None, **config):
    tasks = tasks or Tasks()
    graph = create_object_graph("shop", testing=True, loader=load_from_dict(config))
    graph.assign("sqs_message_handler_registry", tasks)

    @pubsub_tasks.task(OrderPlaced, tasks=tasks)
    def bill(order_id, total, note=None, currency=None):
        SEEN.append("handled")

    graph.use("sns_producer", "sqs_message_dispatcher")
    graph.lock()
    return graph, bill


def handle(graph, task):
    task.publish(order_id="o-1", total="9.99")
    assert graph.sqs_message_dispatcher.handle_batch() == [Ack()]
    return [each if isinstance(each, str) else type(each) for each in SEEN]


def test_configuration_adds_observers_and_middleware_to_handlers_and_publishes():
    graph, task = graph_with(
        pubsub_observers={"names": "tests_extensions:watch,tests_extensions.Watching"},
        pubsub_middleware={
            "handling": "tests_extensions.pair",
            "publishing": "tests_extensions.publishing",
        },
    )

    assert handle(graph, task) == ["publishing", Published, "around", "handled", Settled, Settled]


def test_configuration_adds_middleware_around_the_calls_that_carry_messages():
    _graph, task = graph_with(pubsub_middleware={"sending": "tests_extensions.sending"})

    task.publish_many([{"order_id": f"o-{number}", "total": "9.99"} for number in range(12)])

    topics = {destination.rpartition(":")[2] for destination, _ in SEEN}
    assert [count for _, count in SEEN] == [10, 2]
    assert len(topics) == 1


def test_code_adds_them_even_after_the_graph_is_locked():
    tasks = Tasks()
    tasks.use(around)
    graph, task = graph_with(tasks)
    tasks.observe(watch, Published, Settled)
    tasks.use(publishing, publishing=True)

    assert handle(graph, task) == ["publishing", Published, "around", "handled", Settled]


def test_publish_middleware_cannot_be_a_coroutine():
    with pytest.raises(ConfigurationError, match="called without a loop"):
        Tasks().use(aaround, publishing=True)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            {"pubsub_observers": {"names": "no_such_module.watch"}},
            "pubsub_observers.names names 'no_such_module",
        ),
        ({"pubsub_observers": {"names": "tests_extensions.nothing"}}, "AttributeError"),
        ({"pubsub_observers": {"names": "tests_extensions.number"}}, "which is 7, not a function"),
        ({"pubsub_observers": {"names": "tests_extensions.aaround"}}, "use `def`"),
        ({"pubsub_middleware": {"handling": "no/module"}}, "pubsub_middleware.handling names 'no/module'"),
        (
            {"pubsub_middleware": {"publishing": "tests_extensions.aaround"}},
            "a publish is called without a loop",
        ),
    ],
)
def test_an_unresolvable_name_is_reported(config, said):
    with pytest.raises(ConfigurationError, match=said):
        graph_with(**config)


def test_installed_observers_get_events_and_a_broken_package_is_skipped(caplog):
    observers = Observers()
    for value in ("tests_extensions:Watching", "no_such_module:watch"):
        extensions._add(observers, EntryPoint("x", value, extensions.ENTRY_POINTS))

    assert observers.wants(Settled)
    assert not observers.wants(Published)
    assert "no_such_module:watch in pubsub_tasks.observers is left out: ModuleNotFoundError" in caplog.text


def test_a_handler_that_a_program_s_own_loop_calls_logs_with_its_message_s_fields(caplog):
    graph, task = graph_with(pubsub_middleware={"handling": "tests_extensions.logging_around"})
    caplog.set_level(logging.INFO, __name__)

    message_id = task.publish(order_id="o-1", total="9.99")
    graph.sqs_message_dispatcher.handle_batch()

    (record,) = [each for each in caplog.records if each.name == __name__]
    assert (record.message_id, record.queue) == (message_id, "default")
