"""pubsub-tasks publish as its users type it, on topics and queues in memory."""

import json

import pytest

from tests.cli.messages.shell import ORDER, ORDER_ID, Shell

BILL = "application/vnd.shop.pubsub._.created.bill"


def test_fields_as_text_are_read_by_the_schema(shell: Shell) -> None:
    result = shell.run("publish", ORDER, f"order_id={ORDER_ID}", "total=9.99")

    assert result.exit_code == 0, result.output
    assert len(result.stdout.strip()) == len(ORDER_ID), "the message id"
    assert shell.received() == [{"order_id": ORDER_ID, "total": "9.99"}]


def test_fields_as_json_are_numbers_and_objects(shell: Shell) -> None:
    given = (f"order_id={ORDER_ID}", "total=1", "count:=3", 'customer:={"name": "Ann"}')

    assert shell.run("publish", ORDER, *given).exit_code == 0
    assert shell.received()[0]["count"] == 3
    assert shell.received() == []


def test_content_comes_from_standard_input(shell: Shell) -> None:
    given = json.dumps({"order_id": ORDER_ID, "total": "1"})

    assert shell.run("publish", ORDER, "--json", "-", given=given).exit_code == 0
    assert shell.received() == [{"order_id": ORDER_ID, "total": "1"}]


def test_headers_travel_with_the_message(shell: Shell) -> None:
    result = shell.run("publish", ORDER, f"order_id={ORDER_ID}", "total=1", "--header", "tenant=t-1")

    assert result.exit_code == 0, result.output
    (record,) = shell.graph.pubsub_world.queue("orders").receive(10, 0, 60)
    assert json.loads(record.body)["opaqueData"]["tenant"] == "t-1"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["order_id=7", "total=1"], "order_id: ['Not a valid UUID.']"),
        ([f"order_id={ORDER_ID}"], "total: ['Missing data for required field.']"),
        ([f"order_id={ORDER_ID}", "total=1", "totl=2"], "totl: ['Unknown field.']"),
        (['customer:={"nam": "Ann"}'], "nam"),
        ([f"order_id={ORDER_ID}", "total:={"], "total:={: not JSON"),
        (["total"], "'total' is neither a file nor field=value"),
        (["total=1", "total=2"], "total is given twice"),
        (["=1"], "neither a file nor field=value"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_published(
    shell: Shell, given: list[str], said: str
) -> None:
    result = shell.run("publish", ORDER, *given)

    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert shell.received() == []


def test_an_unknown_media_type_is_named_with_a_similar_one(shell: Shell) -> None:
    result = shell.run("publish", "application/vnd.shop.pubsub._.paid.order", "total=1")

    assert result.exit_code == 2
    assert f"did you mean {ORDER}" in result.stderr


def test_content_that_only_a_convention_reads_is_refused_with_a_similar_media_type(shell: Shell) -> None:
    result = shell.run("publish", ORDER.replace("order", "ordr"), "total=1")

    assert result.exit_code == 2
    assert "uri: ['Missing data for required field.']" in result.stderr
    assert f"did you mean {ORDER}" in result.stderr


def order(total: str) -> str:
    return json.dumps({"order_id": ORDER_ID, "total": total})


def test_lines_of_a_file_are_published_and_those_that_fail_are_written_to_another(shell: Shell) -> None:
    file = shell.file("orders.jsonl", order("1"), order("much"), "{bad", "", order("2"), '{"total": NaN}')

    result = shell.run("publish", ORDER, file)

    assert result.exit_code == 1
    assert result.stdout == "published 2 of 5 messages, 3 failed: see orders.failed.jsonl\n"
    assert [each["total"] for each in shell.received()] == ["1", "2"]
    failed = [json.loads(line) for line in shell.lines("orders.failed.jsonl")]
    assert [each["line"] for each in failed] == [2, 3, 6]
    assert [each["content"] for each in failed] == [json.loads(order("much")), "{bad", '{"total": NaN}']
    assert "total: ['Not a valid number.']" in failed[0]["error"]


def test_a_file_of_failures_is_not_written_over(shell: Shell) -> None:
    file = shell.file("orders.jsonl", order("1"))
    shell.file("orders.failed.jsonl", "kept")

    result = shell.run("publish", ORDER, file)

    assert result.exit_code == 2
    assert "orders.failed.jsonl exists" in result.stderr
    assert shell.received() == []


def test_a_file_of_failures_that_cannot_be_written_is_known_before_a_message_is_sent(shell: Shell) -> None:
    file = shell.file("orders.jsonl", order("1"), "{bad")

    result = shell.run("publish", ORDER, file, "--failures", "no/where.jsonl")

    assert result.exit_code == 2
    assert "no/where.jsonl cannot be written" in result.stderr
    assert shell.received() == []


def test_a_file_is_published_from_a_line_on(shell: Shell) -> None:
    file = shell.file("orders.jsonl", *map(order, "123"))

    assert shell.run("publish", ORDER, file, "--from-line", "3").exit_code == 0
    assert [each["total"] for each in shell.received()] == ["3"]


def test_lines_come_from_standard_input_too(shell: Shell) -> None:
    assert shell.run("publish", ORDER, "-", given=f"{order('1')}\n{order('2')}\n").exit_code == 0
    assert [each["total"] for each in shell.received()] == ["1", "2"]


def test_a_dry_run_publishes_nothing(shell: Shell) -> None:
    file = shell.file("orders.jsonl", order("1"), order("much"))

    result = shell.run("publish", ORDER, file, "--dry-run")

    assert result.exit_code == 1
    assert result.stdout.startswith("validated 1 of 2 messages")
    assert shell.run("publish", ORDER, f"order_id={ORDER_ID}", "total=1", "--dry-run").exit_code == 0
    assert shell.received() == []


def test_on_a_fifo_topic_nothing_passes_a_line_that_failed(shell: Shell) -> None:
    lines = [json.dumps({"bill": str(number), "account": "a-1"}) for number in range(4)]
    file = shell.file("bills.jsonl", lines[0], "{bad", *lines[2:])

    result = shell.run("publish", BILL, file)

    assert result.exit_code == 1
    assert "to go on, add --from-line 3" in result.stderr
    assert [each["bill"] for each in shell.received()] == ["0"]
    assert shell.run("publish", BILL, file, "--from-line", "3").exit_code == 0
    assert [each["bill"] for each in shell.received()] == ["2", "3"]


def test_a_message_group_comes_from_the_task_or_from_the_command_line(shell: Shell) -> None:
    bill = ("bill=1", "account=a-1")

    assert shell.run("publish", BILL, *bill).exit_code == 0
    assert shell.run("publish", BILL, *bill, "--group-id", "g-1").exit_code == 0
    records = shell.graph.pubsub_world.queue("bills.fifo").receive(10, 0, 60)
    assert [record.group_id for record in records] == ["a-1", "g-1"]
