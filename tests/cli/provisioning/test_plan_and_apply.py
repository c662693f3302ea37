"""pubsub-tasks plan and apply as their users type them, on an account in the embedded broker."""

import re

import pytest

from pubsub_tasks.untrusted.readable_counts import counted
from tests.cli.provisioning.shop_shell import NAME, ShopShell


def test_plan_shows_what_is_missing_and_changes_nothing(shell: ShopShell) -> None:
    result = shell.run("plan")

    assert result.exit_code == 0, result.output
    assert "+ queue shop-receipts  tasks of queue receipts" in result.output
    assert "+ queue shop-stock-dlq.fifo  dead letters of queue stock.fifo" in result.output
    assert "FifoThroughputScope: MessageGroup" in result.output
    assert shell.queues() == []


def test_check_exits_with_3_until_it_is_applied(shell: ShopShell) -> None:
    assert shell.run("plan", "--check").exit_code == 3

    applied = shell.run("apply", "--yes")

    assert applied.exit_code == 0, applied.output
    assert "8 steps done" in applied.output
    assert (
        "export PUBSUB_TASKS__SNS_TOPIC_ARNS__PREFIX=arn:aws:sns:us-east-1:000000000000:shop-"
        in applied.output
    )
    checked = shell.run("plan", "--check")
    assert (checked.exit_code, checked.output.strip()) == (0, "nothing to do")


def test_json_has_the_calls(shell: ShopShell) -> None:
    plan = shell.json("plan", "--json")

    assert plan["complete"] is False
    first = plan["steps"][0]
    assert (first["action"], first["kind"]) == ("create", "topic")
    assert first["call"]["action"] == "CreateTopic"
    assert first["call"]["params"]["Tags"] == [{"Key": "pubsub-tasks", "Value": NAME}]


def test_apply_asks_and_no_is_no(shell: ShopShell) -> None:
    assert shell.run("apply", typed="n\n").exit_code == 1
    assert shell.queues() == []

    assert shell.run("apply", typed="y\n").exit_code == 0
    assert "shop-receipts" in shell.queues()


def test_without_a_terminal_yes_must_be_given(shell: ShopShell) -> None:
    shell.terminal = False

    result = shell.run("apply")

    assert result.exit_code == 2
    assert result.output.splitlines()[-1].endswith("there is no terminal to ask on: give --yes")


def test_a_refusal_tells_what_is_done_and_what_is_left(shell: ShopShell) -> None:
    # Given a user who may not create one of the queues
    shell.api.refuse = {"shop-receipts": "AccessDenied"}

    # When they apply
    result = shell.run("apply", "--yes")

    # Then it is one line, after what is done and what is left: that differs with the calls under way
    assert result.exit_code == 2
    done, left = (int(count) for count in re.findall(r"(?:done|apply): (\d+)", result.output))
    assert done + left == 8
    assert "shop-receipts" not in shell.queues()
    assert "AccessDenied" in result.output.splitlines()[-1]
    assert "Traceback" not in result.output

    # And the next apply does the rest
    shell.api.refuse = {}
    assert f"{counted(left, 'step')} done" in shell.run("apply", "--yes").output
    assert "shop-receipts" in shell.queues()


@pytest.mark.parametrize(
    ("typed", "gone"), [("y\nshop-receipts\nshop-receipts-dlq\n", True), ("y\nshop-receipt\n", False)]
)
def test_deleting_a_queue_asks_for_its_name(shell: ShopShell, typed: str, gone: bool) -> None:
    # Given an app whose queues are applied, the FIFO one with a message
    shell.run("apply", "--yes")
    url = shell.api("sqs", "GetQueueUrl", {"QueueName": "shop-stock.fifo"})["QueueUrl"]
    message = {"MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    shell.api("sqs", "SendMessage", {"QueueUrl": url, **message})

    # When it no longer has any task, and is pruned
    result = shell.run("apply", "--prune", app="nothing", typed=typed)

    # Then a queue goes once its name is typed, and never one with messages
    assert result.exit_code == (0 if gone else 2), result.output
    assert ("shop-receipts" not in shell.queues()) is gone
    assert "shop-stock.fifo" in shell.queues()
    assert "holds 1 message" in result.output


def test_nothing_is_deleted_unasked_for_an_owner_that_is_only_guessed(
    shell: ShopShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given two apps of one package, so that the tags of both name the same owner
    shell.run("apply", "--yes")

    # When one of them is pruned without a question
    result = shell.run("apply", "--prune", "--yes", app="nothing")

    # Then nothing of the other is deleted
    assert result.exit_code == 2
    assert "pubsub_provisioning.owner" in result.output.splitlines()[-1]
    assert "shop-receipts" in shell.queues()

    # And whoever is asked is told before
    asked = shell.run("apply", "--prune", app="nothing", typed="n\n").output
    assert asked.index("which other apps of the package share") < asked.index("apply ", asked.index("share"))
    assert "shop-receipts" in shell.queues()

    # Unless the owner is configured
    monkeypatch.setenv("PUBSUB_TASKS__PUBSUB_PROVISIONING__OWNER", NAME)
    assert shell.run("apply", "--prune", "--yes", app="nothing").exit_code == 0
    assert "shop-receipts" not in shell.queues()


def test_a_prefix_of_a_topic_with_odd_characters_is_one_line(shell: ShopShell) -> None:
    result = shell.run("plan", app="nothing", prefix="shop.dev/")

    assert (result.exit_code, result.output) == (0, "nothing to do\n"), "there is no name"

    result = shell.run("plan", prefix="shop.dev/")

    assert result.exit_code == 2
    assert "is not a legal topic name" in result.output
    assert len(result.output.splitlines()) == 1


def test_what_is_left_alone_is_told_again_at_the_end_and_a_misspelt_adoption_too(shell: ShopShell) -> None:
    # Given a queue of a wanted name that someone else made
    shell.api("sqs", "CreateQueue", {"QueueName": "shop-receipts"})

    # When its adoption is misspelt
    result = shell.run("apply", "--yes", "--adopt", "shop-receipt")

    # Then neither is overlooked below a long plan
    assert result.exit_code == 0, result.output
    notes = [line for line in result.output.splitlines() if line.startswith("note: ")]
    assert notes[0].startswith("note: --adopt shop-receipt: no resource of this name")
    assert notes[1] == "note: 2 resources left alone, see the lines with ! above"

    # And adopted by its name, it is not among them
    assert "note: " not in shell.run("apply", "--yes", "--adopt", "shop-receipts").output


def test_names_over_the_limit_are_one_line(shell: ShopShell) -> None:
    result = shell.run("plan", prefix="x" * 80)

    assert result.exit_code == 2
    assert "is not a legal queue name" in result.output
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize(
    ("written_as", "said"),
    [("terraform", "aws_sqs_queue"), ("cloudformation", "AWS::SQS::Queue"), ("json", "${region}")],
)
def test_export_writes_each_format_without_a_call(shell: ShopShell, written_as: str, said: str) -> None:
    result = shell.run("export", "--format", written_as)

    assert result.exit_code == 0, result.output
    assert said in result.output
    assert shell.api.calls == []


def test_one_topic_for_all_is_made_with_filters(shell: ShopShell, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = "arn:aws:sns:us-east-1:000000000000:shop-all.fifo"
    monkeypatch.setenv("PUBSUB_TASKS__SNS_TOPIC_ARNS__DEFAULT", arn)

    assert shell.run("apply", "--yes").exit_code == 0

    assert shell.api("sns", "ListTopics", {})["Topics"] == [{"TopicArn": arn}]
    assert shell.run("plan", "--check").output.strip() == "nothing to do"
    assert '"FilterPolicy"' in shell.run("export").output


def test_an_arn_of_another_account_is_refused(shell: ShopShell, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = "arn:aws:sns:eu-west-1:123456789012:all.fifo"
    monkeypatch.setenv("PUBSUB_TASKS__SNS_TOPIC_ARNS__DEFAULT", arn)

    result = shell.run("plan")

    assert result.exit_code == 2
    assert "the credentials are of account 000000000000 in eu-west-1" in result.output


def test_what_is_no_arn_is_one_line(shell: ShopShell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBSUB_TASKS__SNS_TOPIC_ARNS__DEFAULT", "shop-all")

    result = shell.run("export")

    assert (result.exit_code, len(result.output.splitlines())) == (2, 1)
    assert "'shop-all' in sns_topic_arns is not the ARN of a topic" in result.output


def test_export_writes_policies_of_publisher_and_worker(shell: ShopShell) -> None:
    policies = shell.json("export", "--iam")

    assert policies.keys() == {"publisher", "worker"}
