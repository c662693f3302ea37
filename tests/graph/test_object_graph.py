"""The object graph: microcosm's configuration in, a producer, a consumer and their registries out."""

import asyncio
import json
import re
import subprocess
import sys

import pytest
from microcosm.api import create_object_graph, load_each, load_from_dict, load_from_environ
from microcosm.errors import LockedGraphError

import pubsub_tasks.graph.object_graph
from pubsub_tasks.decorators import handles, task
from pubsub_tasks.errors import (
    ConfigurationError,
    EnvelopeError,
    InvalidContent,
    TopicNotDefinedError,
    UnknownMediaType,
)
from pubsub_tasks.graph.connections import transport_of
from pubsub_tasks.graph.object_graph import graph_for, producer_from_environment, publishing_with
from pubsub_tasks.messages.headers import begin_handling, current_headers, end_handling, headers
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.wire.media_types import created, topic_name
from pubsub_tasks.wire.s3_pointer import Pointer
from tests.samples import ORDER, TOPIC, OrderPlaced, noise


@pytest.fixture
def tasks() -> Tasks:
    tasks = Tasks()
    tasks.schemas.register(OrderPlaced)
    return tasks


def graph_of(tasks, *, name="shop", testing=True, **config):
    """A graph with a registry of its own, since the default one belongs to every test."""
    loader = load_each(load_from_environ, load_from_dict(config))
    graph = create_object_graph(name, testing=testing, loader=loader)
    graph.assign("sqs_message_handler_registry", tasks)
    return graph


def received(graph, queue="default"):
    return [json.loads(record.body) for record in graph.pubsub_world.queue(queue).receive(10, 0, None)]


# Publishing


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        ({"order_id": "o-1", "total": "9.99"}, {}),
        ({}, {"order_id": "o-1", "total": "9.99"}),
        ({"order_id": "o-1"}, {"total": "9.99"}),
    ],
    ids=["as a dict", "by keyword", "both"],
)
def test_it_produces_content_however_it_is_given(tasks, content, fields):
    # Given a graph that is testing, and a queue that somebody reads
    graph = graph_of(tasks)
    received(graph)

    # When content is produced
    message_id = graph.sns_producer.produce(ORDER, content, **fields)

    # Then its body is there, with the id that was returned
    (body,) = received(graph)
    assert body["mediaType"] == ORDER
    assert (body["order_id"], body["total"]) == ("o-1", "9.99")
    assert body["opaqueData"]["x-message-id"] == message_id


def test_it_produces_by_the_parameter_names_of_the_family(tasks):
    graph = graph_of(tasks)
    received(graph)

    graph.sns_producer.produce(media_type=created("foo"), uri="http://example.com/foo/1")
    graph.sns_producer.produce(media_type=created("foo"), dct={"uri": "/2"}, opaque_data={"tenant": "t-1"})

    first, second = received(graph)
    assert first["uri"] == "http://example.com/foo/1"
    assert second["opaqueData"]["tenant"] == "t-1"


def test_content_that_its_schema_refuses_is_not_sent(tasks):
    graph = graph_of(tasks)
    received(graph)

    with pytest.raises(InvalidContent, match="total"):
        graph.sns_producer.produce(ORDER, order_id="o-1")
    with pytest.raises(UnknownMediaType, match="nobody"):
        graph.sns_producer.produce("application/vnd.nobody", {})

    assert received(graph) == []


def test_resolving_the_producer_binds_the_tasks(tasks):
    graph = graph_of(tasks)
    received(graph)
    graph.use("sns_producer")
    graph.lock()

    message_id = tasks.publish(OrderPlaced, order_id="o-1", total="1")

    assert received(graph)[0]["opaqueData"]["x-message-id"] == message_id
    with pytest.raises(LockedGraphError):
        _ = graph.sns_topic_arns_of_another


def test_large_bodies_go_to_the_bucket_that_is_configured(tasks):
    task(OrderPlaced, tasks=tasks)(lambda order_id: None)
    graph = graph_of(tasks, pubsub_claims={"bucket": "large"}, sns_producer={"max_size": 600})

    assert graph.sqs_consumer.consume() == []

    message_id = graph.sns_producer.produce(ORDER, order_id=noise(900), total="1")

    (message,) = graph.sqs_consumer.consume()
    assert (message.message_id, message.content["order_id"]) == (message_id, noise(900))
    assert len(graph.pubsub_claims.bodies) == 1


def test_outside_tests_the_bucket_is_in_s3(tasks):
    graph = graph_of(
        tasks, testing=False, pubsub_claims={"allowed_buckets": "a,b", "region_name": "eu-west-1"}
    )

    assert graph.pubsub_claims.bucket is None
    with pytest.raises(EnvelopeError, match=r"not allowed here \(a, b\)"):
        graph.pubsub_claims.fetch(Pointer("c", "key"))


def test_without_a_bucket_nothing_is_parked(tasks):
    assert graph_of(tasks).pubsub_claims is None


def test_the_registries_are_those_of_the_decorators(tasks):
    graph = graph_of(tasks)

    assert graph.sqs_message_handler_registry is tasks
    assert graph.pubsub_message_schema_registry is tasks.schemas
    assert create_object_graph("x").sqs_message_handler_registry is pubsub_tasks.default_tasks


def test_a_testing_graph_loads_no_client_of_aws():
    code = (
        "import sys\n"
        "from microcosm.api import create_object_graph\n"
        "import pubsub_tasks.graph.object_graph\n"
        "graph = create_object_graph('x', testing=True)\n"
        "graph.use('sns_producer', 'sqs_consumer', 'opaque')\n"
        "assert 'boto3' not in sys.modules, 'boto3'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Topics


def arn(graph, media_type=ORDER):
    return graph.sns_topic_arns.arn(media_type)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"mappings": {ORDER: TOPIC}}, TOPIC),
        ({ORDER: TOPIC}, TOPIC),
        ({"default": TOPIC}, TOPIC),
        (
            {"prefix": "arn:aws:sns:eu-west-1:1:shop-", "default": TOPIC},
            "arn:aws:sns:eu-west-1:1:shop-application_2fvnd-shop-pubsub-__-created-order",
        ),
        ({"mappings": {ORDER: TOPIC}, "prefix": "arn:x:", "default": "arn:y"}, TOPIC),
    ],
    ids=["mappings", "by media type", "default", "prefix before default", "mappings before all"],
)
def test_a_topic_is_found_by_what_is_configured(tasks, config, expected):
    assert arn(graph_of(tasks, testing=False, sns_topic_arns=config)) == expected


def test_lifecycle_topics_are_named_by_change_and_resource(tasks):
    config = {"created": {"foo": "arn:foo", "bar": {"baz": "arn:bar-baz"}}, "deleted": {"foo": "arn:gone"}}
    graph = graph_of(tasks, testing=False, sns_topic_arns=config)

    assert arn(graph, created("Foo")) == "arn:foo"
    assert arn(graph, created("bar.baz")) == "arn:bar-baz"
    assert arn(graph, "application/vnd.globality.pubsub._.deleted.foo") == "arn:gone"


@pytest.mark.parametrize(
    ("name", "value", "media_type"),
    [
        ("SHOP__SNS_TOPIC_ARNS__DEFAULT", TOPIC, ORDER),
        ("SHOP__SNS_TOPIC_ARNS__CREATED__ORDER", TOPIC, created("order")),
        ("SHOP__SNS_TOPIC_ARNS__MAPPINGS", json.dumps({ORDER: TOPIC}), ORDER),
    ],
)
def test_the_environment_configures_topics(tasks, monkeypatch, name, value, media_type):
    monkeypatch.setenv(name, value)

    assert arn(graph_of(tasks, testing=False), media_type) == TOPIC


def test_a_prefix_makes_fifo_topics_of_what_is_named_and_of_what_fifo_queues_take(tasks):
    prefix = "arn:aws:sns:eu-west-1:1:shop-"
    task(OrderPlaced, queue="orders.fifo", tasks=tasks)(lambda order_id, total: None)
    paid, shipped = "application/vnd.shop.paid", "application/vnd.shop.parcels.shipped"
    config = {"prefix": prefix, "fifo": f"{paid},application/vnd.shop.parcels.*", "mappings": {"a/b": TOPIC}}

    topics = graph_of(tasks, testing=False, sns_topic_arns=config).sns_topic_arns

    assert all(topics.arn(each) == f"{prefix}{topic_name(each)}.fifo" for each in (ORDER, paid, shipped))
    assert topics.arn("application/vnd.shop.other") == prefix + topic_name("application/vnd.shop.other")
    assert topics.arn("a/b") == TOPIC


def test_the_environment_names_fifo_topics(tasks, monkeypatch):
    monkeypatch.setenv("SHOP__SNS_TOPIC_ARNS__PREFIX", "arn:aws:sns:eu-west-1:1:shop-")
    monkeypatch.setenv("SHOP__SNS_TOPIC_ARNS__FIFO", ORDER)

    topics = graph_of(tasks, testing=False).sns_topic_arns

    assert topics.arn(ORDER).endswith(".fifo")
    assert not topics.arn("a/c").endswith(".fifo")


def test_a_prefix_makes_the_url_of_a_fifo_queue(tasks):
    urls = graph_of(tasks, testing=False, sqs_queue_urls={"prefix": "https://sqs/1/shop-"}).sqs_queue_urls

    assert urls.url("orders.fifo") == "https://sqs/1/shop-orders.fifo"


def test_no_topic_is_an_error_that_names_the_media_type_and_the_setting(tasks):
    graph = graph_of(tasks, testing=False)

    with pytest.raises(TopicNotDefinedError, match=f"{ORDER}.*sns_topic_arns"):
        graph.sns_producer.produce(ORDER, order_id="o-1", total="1")


def test_a_topic_that_is_not_a_string_is_refused(tasks):
    with pytest.raises(ConfigurationError, match=f"{ORDER} must be an ARN, not 7"):
        _ = graph_of(tasks, sns_topic_arns={"mappings": {ORDER: 7}}).sns_topic_arns


def test_a_plain_mapping_may_be_assigned_as_topics(tasks):
    graph = graph_of(tasks)
    graph.assign("sns_topic_arns", {ORDER: TOPIC})
    received(graph)

    graph.sns_producer.produce(ORDER, order_id="o-1", total="1")

    assert len(received(graph)) == 1


# The wire


def test_region_endpoint_and_profile_are_configured_and_credentials_are_not(tasks, monkeypatch, tmp_path):
    # Given credentials where boto3 looks for them, in a profile
    (tmp_path / "credentials").write_text("[shop]\naws_access_key_id = key\naws_secret_access_key = secret\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("SHOP__SQS_CONSUMER__ENDPOINT_URL", "http://127.0.0.1:1")
    wire = {"profile_name": "shop", "region_name": "eu-west-3", "read_timeout": "7", "fast_path": "no"}

    # When the graph's configuration says how to reach AWS
    graph = graph_of(tasks, testing=False, sqs_consumer=wire)
    made = transport_of(graph, graph.config.sqs_consumer).boto3.clients.service_client("sqs", None, 7)
    client, fast_path = made.client, made.fast_path

    # Then that is how
    assert client.meta.region_name == "eu-west-3"
    assert client.meta.endpoint_url == "http://127.0.0.1:1"
    assert client.meta.config.read_timeout == 7
    assert fast_path is None
    assert not [key for key in graph.config.sqs_consumer if "secret" in key or "credential" in key]


def test_a_consumer_without_a_queue_says_how_to_name_one(tasks):
    with pytest.raises(ConfigurationError, match="SHOP__SQS_CONSUMER__SQS_QUEUE_URL"):
        _ = graph_of(tasks, testing=False).sqs_consumer


@pytest.mark.parametrize(
    ("config", "queue"),
    [({}, "billing"), ({"queue": "stock"}, "stock"), ({"sqs_queue_url": "other"}, "other")],
    ids=["the first", "the one asked for", "one that no task names"],
)
def test_a_testing_graph_consumes_the_queue_of_its_tasks(tasks, config, queue):
    for name in ("stock", "billing"):
        handles(OrderPlaced, tasks=tasks, queue=name)(lambda content: True)

    consumer = graph_of(tasks, sqs_consumer=config).sqs_consumer

    assert consumer.queue.name == queue
    assert consumer.consume() == []


def test_a_dispatcher_is_refused_on_a_queue_that_its_only_task_does_not_name(tasks):
    # Given a task with a queue of its own, and another queue's URL in the configuration
    handles(OrderPlaced, tasks=tasks, queue="logq")(lambda content: True)
    graph = graph_of(tasks, sqs_consumer={"sqs_queue_url": "billing"})

    # Then it may be read by hand, and no handler gets what is there
    assert graph.sqs_consumer.consume() == []
    with pytest.raises(ConfigurationError, match=r"'billing'.*--queue logq \(sqs_consumer.queue"):
        _ = graph.sqs_message_dispatcher


def test_configured_urls_tell_which_queue_is_served(tasks):
    handles(OrderPlaced, tasks=tasks, queue="logq")(lambda content: True)
    at = "https://sqs.eu-west-1.amazonaws.com/123456789012/shop-"

    graph = graph_of(tasks, sqs_consumer={"sqs_queue_url": at + "logq"}, sqs_queue_urls={"prefix": at})

    assert graph.sqs_message_dispatcher.handle_batch() == []


# A script without a graph


def test_tasks_that_nobody_bound_publish_as_the_environment_says(tasks, monkeypatch):
    monkeypatch.setenv("PUBSUB_TASKS__SNS_PRODUCER__MAX_SIZE", "10")
    monkeypatch.setenv("PUBSUB_TASKS__SNS_TOPIC_ARNS__DEFAULT", TOPIC)
    tasks.default = producer_from_environment

    with pytest.raises(pubsub_tasks.MessageTooLarge, match="the limit is 10"):
        tasks.publish(OrderPlaced, order_id="o-1", total="1")


def test_handlers_of_a_worker_publish_with_its_graph_whose_observers_are_watched(tasks):
    tasks.default = producer_from_environment
    graph = graph_of(tasks, testing=False, sns_topic_arns={"default": TOPIC})
    graph.use("pubsub_observers")
    graph.lock()

    with publishing_with(graph):
        producer = tasks.producer

    assert producer is graph.sns_producer
    with pytest.raises(LockedGraphError):
        graph.use("sqs_consumer")


# The opaque context


@pytest.fixture
def published(tasks):
    """Publishes an order, with more in the opaque context if it is given; returns the headers sent."""
    graph = graph_of(tasks)
    received(graph)
    graph.use("sns_producer")

    def publish(**opaque):
        graph.opaque.update(opaque)
        graph.sns_producer.produce(ORDER, order_id="o-1", total="1")
        return received(graph)[-1]["opaqueData"]

    publish.graph = graph
    return publish


def test_opaque_values_are_published_as_headers(published):
    with published.graph.opaque.initialize(lambda: {"X-Request-Id": "r-1", "tenant": 7, "nothing": None}):
        sent = published()

    assert sent["x-request-id"] == "r-1"
    assert sent["tenant"] == "7"
    assert "nothing" not in sent


def handled_by(published, inbound, work):
    """Run `work` as a handler in the graph, for a message with these headers."""
    token = begin_handling(inbound)
    try:
        return published.graph.pubsub_opaque_headers.handle(work, None)
    finally:
        end_handling(token)


def test_a_handler_reads_the_headers_in_the_opaque_context_and_passes_them_on(published):
    inbound = {"x-request-id": "r-1", "x-request-user": "u-1", "x-request-ttl": "5", "message_id": "m-0"}
    seen = {}

    def work(_):
        seen.update(published.graph.opaque.as_dict())
        return published()

    sent = handled_by(published, inbound, work)

    assert seen == {"x-request-id": "r-1", "x-request-user": "u-1", "x-request-ttl": "4"}
    assert {name: sent[name] for name in seen} == seen
    assert "message_id" not in sent
    assert published.graph.opaque.as_dict() == {}


def test_what_a_handler_changes_goes_out_changed_whichever_way_it_does(published):
    def work(_):
        with headers(region="south"):
            return published(tenant="t-2")

    sent = handled_by(published, {"tenant": "t-1", "region": "north"}, work)

    assert (sent["tenant"], sent["region"]) == ("t-2", "south")
    assert current_headers() == {}


async def coroutine(published):
    async def work(_):
        return dict(published.graph.opaque.as_dict())

    return await published.graph.pubsub_opaque_headers.ahandle(work, None)


def test_a_coroutine_reads_them_as_well(published):
    token = begin_handling({"x-request-id": "r-1"})
    seen = asyncio.run(coroutine(published))
    end_handling(token)

    assert seen["x-request-id"] == "r-1"


# Entry points


def output_with_package(tmp_path, name, factory, code):
    """The output of a program in whose path another package declares a factory for `sns_producer`."""
    dist = tmp_path / f"{name}-1.0.dist-info"
    dist.mkdir()
    (dist / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (dist / "entry_points.txt").write_text(f"[microcosm.factories]\nsns_producer = {factory}\n")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    return done.stdout.strip(), done.stderr


def test_a_broken_factory_of_another_package_does_not_keep_a_script_from_publishing(tmp_path):
    code = (
        "from pubsub_tasks import Tasks\n"
        "from pubsub_tasks.graph.object_graph import producer_from_environment\n"
        "print(type(producer_from_environment(Tasks())).__module__)\n"
    )

    output = output_with_package(tmp_path, "broken", "no_such_module:make", code)

    assert output == ("pubsub_tasks.publishing.producer", "")


def test_our_factories_win_over_another_packages_of_the_same_name(tmp_path):
    (tmp_path / "family.py").write_text("def make(graph): return 'theirs'\n")
    code = (
        "from microcosm.api import create_object_graph\n"
        "graph = create_object_graph('x', testing=True)\n"
        "print(type(graph.sns_producer).__module__)\n"
    )

    output = output_with_package(tmp_path, "family", "family:make", code)

    assert output == ("pubsub_tasks.publishing.producer", "")


def test_a_handler_declared_on_the_default_registry_needs_nothing_else():
    # What `handles` declares is in the registry that a graph serves, unless another is assigned.
    tasks = Tasks()

    @handles(OrderPlaced, tasks=tasks)
    def keep(content):
        return True

    assert [task.name for task in graph_of(tasks).sqs_message_handler_registry] == [
        f"{__name__}.test_a_handler_declared_on_the_default_registry_needs_nothing_else.<locals>.keep"
    ]


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("SNS_TOPIC_ARNS__MAPPINGS", "x", "sns_topic_arns.mappings: 'x' is not a JSON object"),
        ("SQS_CONSUMER__WAIT_SECONDS", "long", "sqs_consumer.wait_seconds: 'long' is not a whole number"),
        ("SNS_PRODUCER__READ_TIMEOUT", "a: b", "sns_producer.read_timeout: 'a: b' is not a number"),
        ("PUBSUB_METRICS__QUEUE_DEPTH", "maybe", "pubsub_metrics.queue_depth: 'maybe' is not true or false"),
    ],
)
def test_a_setting_of_another_type_is_named_with_its_value(
    setting: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"PUBSUB_TASKS__{setting}", value)

    with pytest.raises(ConfigurationError, match=re.escape(told)):
        graph_for(Tasks())


@pytest.mark.parametrize(
    ("topics", "named"),
    [
        ({"prefix": "shop-"}, "sns_topic_arns.prefix"),
        ({"default": "http://sqs/1/orders"}, "sns_topic_arns.default"),
        ({"mappings": {ORDER: "orders"}}, f"sns_topic_arns.{ORDER}"),
    ],
)
def test_a_topic_that_is_no_arn_is_refused_with_its_setting(topics: dict[str, object], named: str) -> None:
    graph = graph_for(Tasks(), {"sns_topic_arns": topics}, environ=False)

    with pytest.raises(ConfigurationError, match=f"is not the ARN of a topic.*{re.escape(named)}"):
        graph.use("sns_topic_arns")
