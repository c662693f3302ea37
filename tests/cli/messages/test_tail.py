"""pubsub-tasks tail as its users type it, on topics and queues in memory."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from pubsub_tasks.cli.messages.tail import TailEnvironment
from pubsub_tasks.cli.messages.temporary_queue import (
    ALIVE_TAG,
    NAME,
    OWNER_TAG,
    STALE_AFTER,
    TailedTopic,
    is_left_over,
    remove_left_over,
    temporary_queue,
)
from pubsub_tasks.cli.root_command import command
from pubsub_tasks.errors import TransportError
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.transports.memory import MemoryTransport
from pubsub_tasks.wire.records import Outgoing, text
from tests.cli.messages.shell import ORDER, RUNNER
from tests.provisioning.shop import BrokerApi

BILL = "application/vnd.shop.pubsub._.created.bill"
APP_NAME = "app_of_test_tail"
APP = """
from pubsub_tasks import PubSubMessageSchema, Tasks
from pubsub_tasks.graph.object_graph import graph_for
from marshmallow import fields

tasks = Tasks()
for name in ("order", "bill"):
    made = {"MEDIA_TYPE": f"application/vnd.shop.pubsub._.created.{name}", "number": fields.Integer()}
    tasks.schemas.register(type(name, (PubSubMessageSchema,), made))
"""


@dataclass
class World:
    """A broker in memory with a topic, and what uses it."""

    clock: VirtualClock = field(default_factory=VirtualClock)

    def __post_init__(self) -> None:
        self.transport = MemoryTransport(clock=self.clock)
        self.api = BrokerApi(self.transport.broker)
        self.topic = self.api("sns", "CreateTopic", {"Name": "events"})["TopicArn"]

    @property
    def queues(self) -> list[str]:
        return self.api("sqs", "ListQueues", {}).get("QueueUrls", [])

    @property
    def subscriptions(self) -> list[Any]:
        return self.api("sns", "ListSubscriptions", {})["Subscriptions"]

    def publish(self, media_type: str, number: int) -> None:
        body = json.dumps({"mediaType": media_type, "number": number})
        self.transport.publisher().publish(self.topic, [Outgoing(body, {"media_type": text(media_type)})])

    def crashed(self, owner: str = "ann@laptop", topics: Sequence[str] = ()) -> None:
        """A tail that ended without removing what it made, as one that is killed."""
        followed = [TailedTopic(arn) for arn in topics or [self.topic]]
        with (
            pytest.raises(TransportError),
            temporary_queue(self.api, followed, owner, self.clock),
        ):
            self.api.refuse = {"Unsubscribe": "Killed"}
        self.api.refuse = {}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World) -> Iterator[str]:
    (tmp_path / f"{APP_NAME}.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setenv("PUBSUB_TASKS__SNS_TOPIC_ARNS__DEFAULT", world.topic)
    yield f"{APP_NAME}:tasks"
    sys.modules.pop(APP_NAME, None)


def tail(world: World, app: str, *arguments: str, publish: tuple[tuple[str, int], ...] = ()) -> Result:
    """Run the command; the messages are published once it has its queue."""

    def queue(url: str) -> Any:
        for media_type, number in publish:
            world.publish(media_type, number)
        return world.transport.queue(url)

    environment = TailEnvironment(api=lambda region: world.api, queue=queue, clock=world.clock)
    line = ["tail", "--app", app, *arguments]
    return RUNNER.invoke(command, line, obj=environment, catch_exceptions=False)


def test_messages_are_shown_and_the_queue_is_removed(world: World, app: str) -> None:
    published = ((ORDER, 1), (BILL, 2), (ORDER, 3))

    result = tail(world, app, "--media-type", ORDER, "--limit", "2", publish=published)

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.partition("{")[2] for line in lines] == ['"number": 1}', '"number": 3}']
    assert all(ORDER in line for line in lines)
    assert (world.queues, world.subscriptions) == ([], [])


def test_wildcards_and_fields_select(world: World, app: str) -> None:
    arguments = ("--media-type", "*.created.*", "--where", "number=2", "--limit", "1", "--json")

    result = tail(world, app, *arguments, publish=((ORDER, 1), (BILL, 2)))

    (message,) = map(json.loads, result.stdout.splitlines())
    assert (message["media_type"], message["content"]) == (BILL, {"number": 2})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--media-type"),
        (("--media-type", "*.nothing"), "no media type of the app matches *.nothing"),
        (("--media-type", ORDER, "--where", "number"), "--where 'number' is not valid"),
    ],
)
def test_what_is_wrong_is_one_line(world: World, app: str, arguments: tuple[str, ...], said: str) -> None:
    result = tail(world, app, *arguments)

    assert result.exit_code == 2
    assert said in result.stderr
    assert world.queues == []


def test_a_media_type_that_no_schema_declares_is_followed_with_a_note(world: World, app: str) -> None:
    misspelt = ORDER.replace("order", "ordre")

    result = tail(world, app, "--media-type", misspelt, "--limit", "1", publish=((misspelt, 1),))

    assert result.exit_code == 0
    assert f"note: no schema declares the media type '{misspelt}': did you mean " in result.stderr
    assert misspelt in result.stdout


def test_a_queue_of_a_killed_tail_is_removed_by_a_later_one(world: World, app: str) -> None:
    world.crashed()
    assert len(world.queues) == 1
    world.clock.advance(STALE_AFTER + 1)

    result = tail(world, app, "--media-type", ORDER, "--limit", "1", publish=((ORDER, 1),))

    assert "removed a queue that a tail of ann@laptop left" in result.stderr
    assert (world.queues, world.subscriptions) == ([], [])


def test_a_killed_tail_of_many_topics_leaves_no_subscription(world: World) -> None:
    # Given so many topics that the policy of the queue names only what they begin with
    names = [f"events-{number}-{'x' * 100}" for number in range(40)]
    arns = [world.api("sns", "CreateTopic", {"Name": name})["TopicArn"] for name in names]
    world.crashed(topics=arns)
    assert len(world.subscriptions) == 40
    world.clock.advance(STALE_AFTER + 1)

    # When a later one removes what is left over
    remove_left_over(world.api, world.clock())

    # Then the subscriptions go with the queue
    assert (world.queues, world.subscriptions) == ([], [])


def test_a_user_without_a_name_is_known_by_number(
    world: World, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a container whose user is in no list of users
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)

    # When it follows a topic
    result = tail(world, app, "--media-type", ORDER, "--limit", "1", publish=((ORDER, 1),))

    # Then that is no error
    assert result.exit_code == 0


def test_a_queue_in_use_and_a_queue_without_our_tag_stay(world: World) -> None:
    world.api("sqs", "CreateQueue", {"QueueName": f"{NAME}of-somebody"})
    with temporary_queue(world.api, [TailedTopic(world.topic)], "ann@laptop", world.clock) as queue:
        for _ in range(3):
            world.clock.advance(STALE_AFTER - 1)
            queue.renew(world.clock())

        assert remove_left_over(world.api, world.clock()) == []
        assert len(world.queues) == 2


def test_a_queue_is_removed_when_its_topic_does_not_exist(world: World) -> None:
    missing = TailedTopic(f"{world.topic}-no")

    with (
        pytest.raises(TransportError),
        temporary_queue(world.api, [missing], "ann@laptop", world.clock),
    ):
        pass

    assert world.queues == []


def test_a_queue_that_cannot_be_read_is_left_alone() -> None:
    assert not is_left_over({}, 1e9)
    assert not is_left_over({OWNER_TAG: "ann", ALIVE_TAG: "soon"}, 1e9)
    assert is_left_over({OWNER_TAG: "ann", ALIVE_TAG: "1"}, 1e9)
