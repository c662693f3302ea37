"""pubsub-tasks peek as its users type it, on a queue in memory."""

import json

import pytest
from click.testing import Result

from pubsub_tasks.cli.dlq.environment import CommandEnvironment
from pubsub_tasks.cli.root_command import command
from pubsub_tasks.wire.records import Attribute, Outgoing
from tests.cli.messages.shell import ORDER, RUNNER
from tests.redrive.queues import FOR_NOW, QueuePair

BODY = json.dumps({"mediaType": ORDER, "opaqueData": {"tenant": "t-1"}, "order_id": "o-1", "paid": True})


@pytest.fixture
def queues() -> QueuePair:
    return QueuePair(receives=3)


def peek(queues: QueuePair, *arguments: str) -> Result:
    transport = queues.transport
    environment = CommandEnvironment(transport, queues.clock, queues.clock)
    return RUNNER.invoke(
        command,
        ["peek", "--queue-url", queues.source.url, *arguments],
        obj=environment,
        catch_exceptions=False,
    )


def test_a_message_is_shown_decoded(queues: QueuePair) -> None:
    queues.source.queue.send([Outgoing(BODY, {"tier": Attribute("String", "gold")})])

    result = peek(queues)

    assert result.exit_code == 0
    shown = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert shown[0] == ORDER
    for line in ("attempt 1", 'order_id: "o-1"', "paid: true", "tenant t-1", "tier gold"):
        assert line in shown
    assert shown[-1] == "1 message of about 1 visible in orders"


def test_messages_are_visible_again_and_only_one_receive_was_spent(queues: QueuePair) -> None:
    for number in range(25):
        queues.send_to_source(str(number))

    assert peek(queues, "--limit", "20").stdout.endswith("20 messages of about 25 visible in orders\n")

    counts = [record.receive_count for record in queues.records(queues.source)]
    assert sorted(counts) == [1] * 5 + [2] * 20


def test_json_has_everything(queues: QueuePair) -> None:
    queues.send_to_source(BODY, "no json")

    good, bad = sorted(json.loads(peek(queues, "--json").stdout), key=lambda each: each["defect"] or "")

    assert (good["media_type"], good["attempt"], good["headers"]) == (ORDER, 1, {"tenant": "t-1"})
    assert good["content"] == {"order_id": "o-1", "paid": True}
    assert "not JSON" in bad["defect"]
    assert bad["record"]["body"] == "no json"


def test_content_in_another_content_type_is_read(queues: QueuePair) -> None:
    attributes = {"content_type": Attribute("String", "application/x-yaml")}
    queues.source.queue.send([Outgoing(f"mediaType: {ORDER}\norder_id: o-1\n", attributes)])

    (message,) = json.loads(peek(queues, "--json").stdout)

    assert message["content"] == {"order_id": "o-1"}


def test_control_characters_do_not_reach_the_terminal(queues: QueuePair) -> None:
    queues.send_to_source("\u009b31m no json")

    assert "\u009b" not in peek(queues).stdout


def test_a_message_that_used_its_last_receive_is_named(queues: QueuePair) -> None:
    queues.send_to_source(BODY)

    results = [peek(queues) for _ in range(4)]

    assert [("used the last of 3 receives" in each.stderr) for each in results] == [False, False, True, False]
    assert "0 messages" in results[3].stdout


def test_messages_that_cannot_be_put_back_are_named(queues: QueuePair) -> None:
    queues.send_to_source(BODY)
    queues.source.script["change_visibility"] = [lambda entry: FOR_NOW]
    queues.transport.queue = lambda url: queues.source  # type: ignore[method-assign,assignment]

    result = peek(queues)

    assert "1 message could not be put back; visible again within 30 seconds" in result.stderr


def test_a_queue_that_does_not_exist_is_one_line(queues: QueuePair) -> None:
    result = RUNNER.invoke(
        command,
        ["peek", "-q", queues.source.url + "-no"],
        obj=CommandEnvironment(queues.transport, queues.clock, queues.clock),
    )

    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
