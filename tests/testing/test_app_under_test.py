"""The app of a test: a registry, a module, an object graph, or what makes one."""

import sys
from types import ModuleType
from typing import Any

import pytest
from microcosm.api import binding, create_object_graph, load_from_dict

from pubsub_tasks import ConfigurationError, Tasks, default_tasks, handles
from pubsub_tasks.testing import app, message
from tests.testing.shop import OrderPlaced, ReceiptSent, Shop


@pytest.fixture
def shop_module(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A module `shop_under_test` with an attribute for each kind of app."""
    shop, module = Shop(), ModuleType("shop_under_test")
    graph = create_object_graph("shop", testing=True)
    graph.assign("sqs_message_handler_registry", shop.tasks)
    vars(module).update(tasks=shop.tasks, make=lambda: shop.tasks, graph=graph, pay=shop.pay, number=7)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return shop


@pytest.mark.parametrize("attribute", ["tasks", "make", "graph"])
@pytest.mark.parametrize("by_name", [True, False])
def test_an_app_is_named_or_given(shop_module: Shop, attribute: str, by_name: bool) -> None:
    name = f"shop_under_test:{attribute}"
    with app(name if by_name else getattr(sys.modules["shop_under_test"], attribute)) as pubsub:
        shop_module.pay.publish(order_id=7, total="9.99")
        assert str(pubsub.run()) == "2 handled"


@pytest.mark.parametrize("given", [None, "shop_under_test", sys.modules[__name__]])
def test_a_module_and_nothing_are_the_default_registry(shop_module: Shop, given: Any) -> None:
    with app(given) as pubsub:
        assert pubsub.tasks is default_tasks


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (7, "7 is no app"),
        (lambda: 7, "7 is no app"),
        ("shop_under_test:number", "int is neither a Tasks nor an object graph"),
        ("shop_under_test:missing", "has no 'missing'"),
        ("no_such_module", "No module named 'no_such_module'"),
        (lambda: create_object_graph("live"), "'live' was created without testing=True"),
    ],
)
def test_anything_else_is_refused(shop_module: Shop, given: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said), app(given):
        pass


def test_a_task_is_no_app(shop_module: Shop) -> None:
    with pytest.raises(ConfigurationError, match="is no app"), app(shop_module.pay):
        pass


def test_the_environment_is_not_read(shop_module: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBSUB_TASKS__SNS_TOPIC_ARNS__DEFAULT", "arn:aws:sns:eu-west-1:123456789012:live")
    monkeypatch.setenv("PUBSUB_TASKS__SNS_PRODUCER__MAX_SIZE", "nonsense")

    with app(shop_module.tasks) as pubsub:
        shop_module.pay.publish(order_id=7, total="9.99")

        assert ":000000000000:" in pubsub.published[0].destination


def test_a_graph_keeps_its_configuration_and_is_given_back(shop_module: Shop) -> None:
    # given a locked graph that was in use already, whose producer takes small messages only
    graph = create_object_graph("small", testing=True, loader=load_from_dict(sns_producer={"max_size": 100}))
    graph.assign("sqs_message_handler_registry", shop_module.tasks)
    graph.use("sns_producer", "sqs_message_dispatcher")
    graph.lock()
    world, memory = graph.pubsub_world, graph.pubsub_world.memory

    with app(graph) as pubsub:
        # then what the graph's own producer publishes counts too
        with pytest.raises(Exception, match="100"):
            graph.sns_producer.produce(OrderPlaced.MEDIA_TYPE, order_id=7, total="9.99")
        assert graph._locked

    assert world.memory is memory
    assert pubsub.published == []


def test_handler_classes_are_made_by_the_graph_anew_for_each_test() -> None:
    tasks = Tasks()

    @binding("receipt_counter_of_test")
    @handles(ReceiptSent, tasks=tasks)
    class Counter:
        def __init__(self, graph: Any) -> None:
            self.producer = graph.sns_producer
            self.seen = 0

        def __call__(self, content: dict[str, Any]) -> bool:
            self.seen += 1
            self.producer.produce(OrderPlaced.MEDIA_TYPE, order_id=self.seen, total="1")
            return True

    @handles(OrderPlaced, tasks=tasks)
    class Sum:
        total = 0

        def __call__(self, content: dict[str, Any]) -> int:
            self.total += content["order_id"]
            return sums.append(self.total) or 1

    tasks.schemas.register(OrderPlaced)
    sums: list[int] = []
    for _ in range(2):
        with app(tasks) as pubsub:
            for _ in range(2):
                tasks.publish(ReceiptSent, order_id=7)
            pubsub.run()
            assert pubsub.published(OrderPlaced) == [message(order_id=1), message(order_id=2)]
    assert sums == [1, 3, 1, 3]
