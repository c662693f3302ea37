"""Daemons, made for testing: their graph, their configuration, and which handlers they serve."""

import pytest
from microcosm.api import binding, load_from_dict
from microcosm.errors import LockedGraphError

from pubsub_tasks.daemon import ConsumerDaemon
from pubsub_tasks.decorators import handles
from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.verdicts import Ack, Retry
from pubsub_tasks.wire.media_types import created
from tests.samples import ORDER, OrderPlaced

tasks = Tasks()


class Keeping:
    def __init__(self, graph):
        self.kept = []

    def __call__(self, content):
        self.kept.append(content)
        return True


@binding("test_daemon_order_handler")
@handles(OrderPlaced, tasks=tasks)
class OrderHandler(Keeping): ...


@binding("test_daemon_foo_handler")
@handles(created("foo"), tasks=tasks)
class FooHandler(Keeping): ...


class Shop(ConsumerDaemon):
    @property
    def name(self):
        return "shop"

    @property
    def tasks(self):
        return tasks


class FooShop(Shop):
    """One of two daemons of a code base."""

    @property
    def components(self):
        return [*super().components, "test_daemon_foo_handler"]

    @property
    def defaults(self):
        return {"sqs_consumer": {"wait_seconds": 3, "limit": 2}}


def produce(graph):
    graph.sns_producer.produce(ORDER, order_id="o-1", total="1")
    graph.sns_producer.produce(created("foo"), uri="/foo/1")


def test_it_handles_what_is_produced_with_nothing_set_up():
    # Given a daemon that is made and not started
    daemon = Shop.create_for_testing()

    # When messages are produced, and a batch is handled
    produce(daemon.graph)

    # Then each came to the handler that the graph made
    assert daemon.graph.sqs_message_dispatcher.handle_batch() == [Ack(), Ack()]
    assert daemon.graph.test_daemon_foo_handler.kept == [{"uri": "/foo/1"}]
    assert len(daemon.graph.test_daemon_order_handler.kept) == 1
    assert daemon.graph.metadata.testing


def test_its_graph_is_locked_before_anything_runs():
    with pytest.raises(LockedGraphError):
        _ = Shop.create_for_testing().graph.anything


def test_a_daemon_that_names_its_handlers_serves_no_others():
    daemon = FooShop.create_for_testing(sqs_consumer={"unknown": "release"})

    served = daemon.graph.pubsub_served_tasks
    assert [task.media_type for task in served] == [created("foo")]

    daemon.graph.sqs_consumer.queue.send([message(ORDER)])
    (verdict,) = daemon.graph.sqs_message_dispatcher.handle_batch()
    assert isinstance(verdict, Retry)


def message(media_type):
    from pubsub_tasks.wire.records import Outgoing

    return Outgoing(f'{{"mediaType": "{media_type}"}}')


def test_flags_win_over_the_environment_and_that_over_defaults(monkeypatch):
    monkeypatch.setenv("SHOP__SQS_CONSUMER__WAIT_SECONDS", "5")

    def config(daemon, **config):
        return daemon.create_for_testing(**config).graph.config.sqs_consumer

    assert (config(FooShop).wait_seconds, config(FooShop).limit) == (5, 2)
    assert config(Shop).wait_seconds == 5
    assert config(FooShop, sqs_consumer={"wait_seconds": 7}).wait_seconds == 7
    assert config(FooShop, loader=load_from_dict(sqs_consumer={"limit": 9})).limit == 9
    given = {"limit": 4}
    assert config(Shop, loader=load_from_dict(sqs_consumer={"limit": 9}), sqs_consumer=given).limit == 4


def test_configuration_that_is_wrong_is_told_as_such(monkeypatch):
    monkeypatch.setenv("SHOP__SQS_CONSUMER__LIMIT", "many")

    with pytest.raises(ConfigurationError, match=r"sqs_consumer\.limit: 'many' is not a whole number"):
        Shop.create_for_testing()


def test_a_daemon_without_a_name_says_so():
    with pytest.raises(NotImplementedError, match="ConsumerDaemon has no name"):
        ConsumerDaemon.create_for_testing()
