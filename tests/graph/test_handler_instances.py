"""Handler classes that the object graph makes, with their collaborators."""

import pytest
from microcosm.api import binding, create_object_graph

import pubsub_tasks.graph.object_graph
from pubsub_tasks.decorators import handles
from pubsub_tasks.errors import ConfigurationError, Unbound
from pubsub_tasks.graph.handler_instances import served
from pubsub_tasks.signals import Nack
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.verdicts import Ack, DeadLetter, Retry
from pubsub_tasks.wire.media_types import created
from pubsub_tasks.wire.records import Outgoing
from tests.samples import ORDER, OrderPlaced

assert pubsub_tasks.graph.object_graph  # binds our factories

tasks = Tasks()


@binding("test_bound_ledger")
class Ledger:
    """A collaborator."""

    def __init__(self, graph):
        self.entries = []

    def do_something(self, content):
        self.entries.append(content)


@binding("test_bound_order_handler")
@handles(OrderPlaced, tasks=tasks)
class OrderHandler:
    def __init__(self, graph):
        self.collaborator = graph.test_bound_ledger

    def __call__(self, message):
        if message["order_id"] == "later":
            raise Nack(30)
        self.collaborator.do_something(message)
        return message["order_id"] != "skip"


@binding("test_bound_foo_handler")
@handles(created("foo"), tasks=tasks)
class FooHandler:
    """Handles a bare media type: its schema is the convention's."""

    def __init__(self, graph):
        self.collaborator = graph.test_bound_ledger

    async def __call__(self, message):
        self.collaborator.do_something(message)
        return True


class NeverBound:
    def __init__(self, graph):
        self.graph = graph

    def __call__(self, message):
        return True


def graph_of(tasks, *components):
    graph = create_object_graph("shop", testing=True)
    graph.assign("sqs_message_handler_registry", tasks)
    graph.use(*components)
    return graph


@pytest.fixture
def graph():
    """Resolved as a service does: all that is needed, then locked before anything runs."""
    return graph_of(tasks, "sns_producer", "sqs_message_dispatcher", "test_bound_ledger").lock()


@pytest.mark.parametrize(
    ("order_id", "verdict"), [("o-1", Ack()), ("skip", Ack(skipped=True)), ("later", Retry(30.0))]
)
def test_what_is_produced_comes_to_the_instance_that_the_graph_made(graph, order_id, verdict):
    # Given a message that was published
    graph.sns_producer.produce(ORDER, order_id=order_id, total="9.99")

    # When a batch is handled
    (told,) = graph.sqs_message_dispatcher.handle_batch()

    # Then the handler's collaborator got the content, and the outcome is the handler's word
    assert type(told) is type(verdict)
    assert getattr(told, "skipped", None) == getattr(verdict, "skipped", None)
    assert getattr(told, "after", None) == getattr(verdict, "after", None)
    kept = [entry["order_id"] for entry in graph.test_bound_ledger.entries]
    assert kept == ([] if order_id == "later" else [order_id])


def test_a_coroutine_handler_of_a_bare_media_type_gets_what_the_convention_says(graph):
    graph.sns_producer.produce(created("foo"), uri="http://example.com/foo/1")

    assert graph.sqs_message_dispatcher.handle_batch() == [Ack()]
    assert graph.test_bound_ledger.entries == [{"uri": "http://example.com/foo/1"}]


def test_what_nobody_handles_is_a_dead_letter_and_is_not_dropped(graph):
    queue = graph.sqs_consumer.queue
    queue.send([graph_message("application/vnd.nobody.knows")])

    (verdict,) = graph.sqs_message_dispatcher.handle_batch()

    assert isinstance(verdict, DeadLetter)
    assert verdict.reason == "unknown"
    assert graph.pubsub_world.queue("default-dlq").attributes().visible == 1


def graph_message(media_type):
    return Outgoing(f'{{"mediaType": "{media_type}"}}')


def test_only_the_handlers_that_were_asked_for_by_name_are_served():
    graph = graph_of(tasks)

    assert {task.media_type for task in served(graph, tasks)} == {ORDER, created("foo")}
    chosen = served(graph, tasks, ["opaque", "test_bound_foo_handler"])
    assert [task.media_type for task in chosen] == [created("foo")]


def test_functions_are_served_with_any_named_handlers():
    both = Tasks()

    @handles(ORDER, tasks=both)
    def keep(content):
        return True

    handles(created("foo"), tasks=both)(FooHandler)

    chosen = served(graph_of(both), both, ["test_bound_foo_handler"])

    assert {task.media_type for task in chosen} == {ORDER, created("foo")}


def test_each_graph_has_instances_of_its_own():
    first, second = graph_of(tasks), graph_of(tasks)

    of_first, of_second = list(served(first, tasks)), list(served(second, tasks))

    assert {task.function.collaborator for task in of_first} == {first.test_bound_ledger}
    assert {task.function.collaborator for task in of_second} == {second.test_bound_ledger}


def test_a_handler_made_by_a_factory_function_is_found_once_it_is_made():
    own = Tasks()
    handles(created("foo"), tasks=own)(NeverBound)
    graph = graph_of(own)
    instance = graph.assign("anything", NeverBound(graph))

    (task,) = served(graph, own)

    assert task.function is instance


def test_a_handler_class_that_nothing_creates_is_reported_before_anything_runs():
    own = Tasks()
    handles(created("foo"), tasks=own)(NeverBound)

    with pytest.raises(Unbound, match=r"NeverBound wants graph: .*@binding"):
        graph_of(own, "sqs_message_dispatcher")


@binding("test_bound_broken_handler")
@handles(created("broken"), tasks=(broken := Tasks()))
class BrokenHandler(FooHandler):
    def __init__(self, graph):
        self.collaborator = graph.test_bound_nobody


def test_a_handler_that_its_graph_cannot_make_is_named_with_the_reason():
    with pytest.raises(ConfigurationError, match=r"'test_bound_broken_handler'.*NotBoundError.*nobody"):
        served(graph_of(broken), broken)


def test_a_locked_graph_without_a_handler_is_reported():
    graph = graph_of(tasks, "pubsub_opaque_headers").lock()

    with pytest.raises(ConfigurationError, match=r"locked, and 'test_bound_\w+' was never made.*graph\.use"):
        served(graph, tasks)


def test_a_message_carries_its_context_from_handler_to_what_it_publishes():
    # Given a handler that publishes, and a request that came from elsewhere
    own = Tasks()
    seen = {}

    @handles(OrderPlaced, tasks=own)
    def pass_on(content):
        seen.update(graph.opaque.as_dict())
        return graph.sns_producer.produce(created("foo"), uri="/foo/1")

    graph = graph_of(own, "sns_producer", "sqs_message_dispatcher", "opaque")
    graph.pubsub_world.queue("everything")
    with graph.opaque.initialize(lambda: {"X-Request-Id": "r-1", "x-request-user": "u-1", "tenant": "t-1"}):
        graph.sns_producer.produce(ORDER, order_id="o-1", total="1")
    own.register(foo := next(task for task in tasks if task.media_type == created("foo")))

    # When it is handled
    assert graph.sqs_message_dispatcher.handle_batch() == [Ack()]

    # Then what it published carries the same context, one hop further
    (message,) = graph.sqs_consumer.consume()
    assert foo.media_type == message.media_type
    flowing = {"x-request-id": "r-1", "x-request-user": "u-1", "tenant": "t-1"}
    assert message.opaque_data.items() >= {**flowing, "x-request-ttl": "31"}.items()
    assert seen.items() >= flowing.items()
    assert graph.opaque.as_dict() == {}


def test_a_loop_ends_after_so_many_hops():
    own = Tasks()

    @handles(created("foo"), tasks=own)
    def again(content):
        return graph.sns_producer.produce(created("foo"), content)

    graph = graph_of(own, "sns_producer", "sqs_message_dispatcher")
    graph.sns_producer.produce(created("foo"), uri="/foo/1")

    verdicts = [graph.sqs_message_dispatcher.handle_batch() for _ in range(34)]

    assert verdicts[:32] == [[Ack()]] * 32
    assert verdicts[32][0].reason == "hops"
    assert verdicts[33] == []
