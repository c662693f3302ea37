"""pubsub-tasks dlq as its users type it, on queues in memory."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from pubsub_tasks.cli import worker
from pubsub_tasks.cli.dlq.environment import CommandEnvironment
from pubsub_tasks.cli.root_command import command
from pubsub_tasks.dead_letters.dead_letter_attribute import DEAD_LETTER
from pubsub_tasks.wire.records import Attribute, Outgoing
from pubsub_tasks.wire.resend_attribute import RESENT
from tests.dead_letters.samples import failed, order
from tests.redrive.queues import QueuePair, ScriptedQueue
from tests.samples import ORDER

QUEUE_OPTIONS = ["-q", "--queue-url", "--sqs-queue-url"]

APP = """
from marshmallow import fields
from pubsub_tasks import PubSubMessageSchema, Tasks, task

tasks = Tasks()
class OrderPlaced(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.order"
    order_id = fields.String(required=True)
    total = fields.Decimal(required=True, as_string=True)
tasks.schemas.register(OrderPlaced)

@task(OrderPlaced, queue="orders", tasks=tasks)
def bill(order_id, total):
    if order_id == "o-1":
        raise LookupError("still no such customer")
"""

# Until click 8.2 the two streams were one unless asked otherwise.
RUNNER = CliRunner(**({"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}))


@dataclass
class Shell:
    """A queues, and a command line in it."""

    queues: QueuePair
    asks: bool = False

    def run(self, *arguments: str, said: str = "", url: str | None = None) -> Result:
        environment = CommandEnvironment(
            self.queues.transport, self.queues.clock, self.queues.clock, lambda: self.asks
        )
        queue = () if arguments[-1] == "--help" else ("--queue-url", url or self.queues.letters.url)
        return RUNNER.invoke(command, ["dlq", *arguments, *queue], input=said, obj=environment)

    def json(self, *arguments: str) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def fail(self, *bodies: str, **told: Any) -> None:
        """Dead letters of these bodies, as a worker on the source queue writes them."""
        for body in bodies:
            sent = failed(body, queue=self.queues.source.url, now=self.queues.clock() - 30, **told)
            self.queues.letters.queue.send([sent])

    @property
    def letters(self) -> list[str]:
        return sorted(self.queues.visible_bodies())

    @property
    def back(self) -> list[str]:
        return sorted(self.queues.visible_bodies(self.queues.source))


@pytest.fixture
def shell() -> Shell:
    return Shell(QueuePair())


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    name = "app_of_test_dlq"
    (tmp_path / f"{name}.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield f"{name}:tasks"
    sys.modules.pop(name, None)


def test_ls_counts_letters_and_leaves_them_in_the_queue(shell: Shell) -> None:
    shell.fail(order("o-1"), order("o-2"))
    shell.fail("no json", reason="undecodable", error=ValueError("not JSON"), task=None)

    result = shell.run("ls")

    assert result.exit_code == 0
    first, second = (
        " ".join(line.split())
        for line in result.stdout.splitlines()
        if "example" not in line and "30 s" in line
    )
    assert first.startswith(f"2 exhausted LookupError {ORDER} shop.tasks.bill 30 s id-of-o-")
    assert second.startswith("1 undecodable ValueError - - 30 s ")
    assert "3 letters in orders-dlq" in result.stdout
    assert len(shell.letters) == 3


def test_ls_prints_the_same_as_json(shell: Shell) -> None:
    shell.fail(order("o-1"), order("o-2"))

    told = shell.json("ls")

    assert told["counts"]["reason"] == {"exhausted": 2}
    assert told["counts"]["age"] == {"under 1 h": 2}
    assert (told["looked_at"], told["count"], told["complete"]) == (2, 2, True)
    listed = shell.json("ls", "--each")["letters"]
    assert sorted(letter["id"] for letter in listed) == ["id-of-o-1", "id-of-o-2"]


def test_ls_of_a_source_queue_shows_its_dead_letters(shell: Shell) -> None:
    shell.fail(order())

    assert "1 letter in orders-dlq" in shell.run("ls", url=shell.queues.source.url).stdout


def test_ls_of_an_empty_queue_prints_no_table(shell: Shell) -> None:
    assert shell.run("ls").stdout == "0 letters in orders-dlq\n"


def test_ls_notes_how_many_letters_it_did_not_look_at(shell: Shell) -> None:
    shell.fail(*(order(f"o-{number}") for number in range(12)))

    result = shell.run("ls", "--limit", "5")

    assert "looked at 5 letters of about 12" in result.stderr
    assert len(shell.letters) == 12


def test_ls_shows_letters_that_sqs_moved(shell: Shell) -> None:
    shell.queues = QueuePair(receives=1)
    shell.queues.send_to_source(order())
    shell.queues.records(shell.queues.source)
    shell.queues.records(shell.queues.source)

    assert "moved by SQS: maxReceiveCount" in shell.run("ls").stdout
    assert "1 letter in" in shell.run("ls", "--reason", "maxReceiveCount").stdout


def test_show_tells_all_of_a_letter(shell: Shell) -> None:
    shell.fail(order("o-1", lines=[{"sku": "a"}]), attributes={"tenant": Attribute("String", "t")})

    result = shell.run("show", "id-of-o-1")

    for told in (
        "exhausted",
        "LookupError: no such customer",
        'order_id: "o-1"',
        'sku: "a"',
        "tenant",
        "x-message-id",
    ):
        assert told in result.stdout
    assert shell.letters


def test_show_tells_machines_the_record_byte_for_byte(shell: Shell) -> None:
    shell.fail(order("o-1"))

    told = shell.json("show", "id-of-o-1")

    assert told["record"]["body"] == order("o-1")
    assert told["content"] == {"order_id": "o-1", "total": "9.99"}


def test_a_letter_does_not_speak_to_the_terminal(shell: Shell) -> None:
    shell.fail("\x9b2J[bold]no json", error=ValueError("\x1b]0;title\x07"))
    shell.fail(order("\x1b[2J"))

    for arguments in (("ls",), ("ls", "--each"), ("show",), ("drop", "--yes", "--all")):
        result = shell.run(*arguments, *(("--reason", "exhausted") if arguments[0] == "ls" else ()))
        assert not set("\x1b\x07\x9b") & set(result.output)


def test_markup_in_a_letter_is_text(shell: Shell) -> None:
    shell.fail(order("[bold]o-1[/bold]"))

    assert 'order_id: "[bold]o-1[/bold]"' in shell.run("show").stdout


def test_a_letter_nested_deeper_than_can_be_written_breaks_nothing(shell: Shell) -> None:
    deep = "[" * 900 + "]" * 900
    shell.fail(f'{{"mediaType": "m/t", "deep": {deep}}}')

    for arguments in (
        ("ls", "--json"),
        ("ls", "--each", "--json"),
        ("show", "--json"),
        ("show",),
        ("export",),
    ):
        assert shell.run(*arguments).exit_code == 0
    assert shell.run("ls", "--where", "deep=x").exit_code == 0


def test_a_letter_that_does_not_exist_is_reported(shell: Shell) -> None:
    shell.fail(order())

    result = shell.run("show", "nobody")

    assert result.exit_code == 1
    assert "no match among the 1 letter visible in orders-dlq" in result.stderr


def test_redrive_sends_what_is_meant_back_to_its_queue(shell: Shell) -> None:
    shell.fail(order("o-1"), order("o-2"))

    result = shell.run("redrive", "--where", "order_id=o-2", "--yes")

    assert (result.exit_code, result.stdout) == (0, "redrove 1 letter\n")
    assert (shell.letters, shell.back) == ([order("o-1")], [order("o-2")])
    (record,) = shell.queues.records(shell.queues.source)
    assert record.attributes.keys() == {RESENT}


def test_redrive_asks_with_the_count(shell: Shell) -> None:
    shell.asks = True
    shell.fail(order("o-1"), order("o-2"))

    result = shell.run("redrive", said="n\n")

    assert result.exit_code == 1
    assert "redrive 2 letters from orders-dlq to orders?" in result.stderr
    assert (len(shell.letters), shell.back) == (2, [])

    assert shell.run("redrive", said="y\n").exit_code == 0
    assert (shell.letters, len(shell.back)) == ([], 2)


@pytest.mark.parametrize("arguments", [["redrive"], ["drop"], ["redrive", "--native"]])
def test_without_a_terminal_nothing_is_done_unless_yes_is_given(shell: Shell, arguments: list[str]) -> None:
    shell.fail(order())

    result = shell.run(*arguments)

    assert result.exit_code == 2
    assert "cannot ask for confirmation without a terminal: add --yes" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert len(shell.letters) == 1


@pytest.mark.parametrize("arguments", [["redrive"], ["drop"], ["redrive", "--native"]])
def test_a_dry_run_says_what_would_be_done_and_does_nothing(shell: Shell, arguments: list[str]) -> None:
    shell.fail(order())

    result = shell.run(*arguments, "--dry-run")

    assert result.exit_code == 0
    assert result.stdout.startswith(f"would {arguments[0]} ")
    assert (len(shell.letters), shell.back) == (1, [])


def test_a_dry_run_tells_machines_which_letters_go_where(shell: Shell) -> None:
    shell.fail(order("o-1"))

    told = shell.json("redrive", "--dry-run")

    assert told == {"dry_run": True, "would": [{"to": shell.queues.source.url, "letters": ["id-of-o-1"]}]}


def test_redrive_to_several_queues_tells_each(shell: Shell) -> None:
    billing = shell.queues.queue("billing")
    shell.fail(order("o-1"), order("o-2"))
    shell.queues.letters.queue.send([failed(order("o-3"), queue=billing.url)])

    result = shell.run("redrive", "--dry-run")

    assert result.stdout == "would redrive 3 letters from orders-dlq, 2 to orders and 1 to billing\n"


def test_what_was_not_sent_stays_and_is_told(shell: Shell) -> None:
    # Given a source queue that takes less than one of the letters weighs
    shell.fail(order("o-1", note="x" * 2000), order("o-2"))
    limit = {"MaximumMessageSize": "1024"}
    shell.queues.sqs.set_queue_attributes(QueueUrl=shell.queues.source.url, Attributes=limit)

    result = shell.run("redrive", "--yes", "--json")

    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["done"] == ["id-of-o-2"]
    assert [problem["id"] for problem in told["kept"]] == ["id-of-o-1"]
    assert (len(shell.letters), shell.back) == (1, [order("o-2")])


def test_on_fifo_a_whole_group_goes_back_in_its_order(shell: Shell) -> None:
    shell.queues = QueuePair(fifo=True)
    bodies = [order(f"o-{number:02}") for number in range(25)]
    shell.queues.put(*bodies, group=lambda body: "g")

    looked = shell.run("ls")
    result = shell.run("redrive", "--yes")

    assert "SQS shows only the first letters of each message group, 10 of about 25" in looked.stderr
    assert result.stdout == "redrove 25 letters\n"
    assert shell.queues.visible_bodies() == []
    received = []
    while records := shell.queues.source.queue.receive(10, 0, 60):
        received += [record.body for record in records]
        shell.queues.source.queue.delete([record.receipt_handle for record in records])
    assert received == bodies


def test_on_fifo_what_fails_again_at_once_is_not_sent_again_and_again(shell: Shell) -> None:
    # Given a consumer that dead-letters all that it gets, at once
    shell.queues = QueuePair(fifo=True)
    shell.queues.put(*(order(f"o-{number:02}") for number in range(15)), group=lambda body: "g")
    receive = shell.queues.transport.broker.call

    def failing(service: str, action: str, params: dict[str, Any], now: float) -> dict[str, Any]:
        answer = receive(service, action, params, now)
        if action == "SendMessageBatch" and params["QueueUrl"] == shell.queues.source.url:
            shell.queues.clock.advance(1)
            for entry in params["Entries"]:
                sent = failed(entry["MessageBody"], queue=shell.queues.source.url, now=shell.queues.clock())
                shell.queues.letters.queue.send([sent._replace(group_id="g", deduplication_id=uuid4().hex)])
        return answer

    shell.queues.transport.broker.call = failing  # type: ignore[method-assign]

    # When all are redriven, then each is sent once, and the new letters stay
    assert shell.run("redrive", "--yes").stdout == "redrove 15 letters\n"
    assert shell.queues.letters.attributes().visible == 15


def test_a_fifo_redrive_that_ends_early_reports_what_it_moved(shell: Shell) -> None:
    # Given a queue that is nobody's, with more letters in a group than are seen at once
    shell.queues = QueuePair(fifo=True)
    other = ScriptedQueue(shell.queues.queue("other"))
    for number in range(12):
        sent = failed(order(f"o-{number:02}"), queue=shell.queues.source.url if number < 10 else "gone")
        other.queue.send([sent._replace(group_id="g", deduplication_id=str(number))])
    shell.queues.letters = other

    result = shell.run("redrive", "--yes")

    assert result.exit_code == 1
    assert "does not say which queue it is from" in result.stdout
    assert "redrove 10 letters" in result.stdout


def test_drop_deletes_for_good(shell: Shell) -> None:
    shell.fail(order("o-1"), order("o-2"))

    result = shell.run("drop", "id-of-o-1", "--yes")

    assert result.stdout == "dropped 1 letter\n"
    assert (shell.letters, shell.back) == ([order("o-2")], [])


@pytest.mark.parametrize(
    "arguments",
    [
        ["show"],
        ["export"],
        ["drop", "--yes"],
        ["drop", "--dry-run"],
        ["redrive", "--yes"],
        ["drop", "-y", "--json"],
    ],
)
def test_no_match_exits_with_1_whatever_the_command(shell: Shell, arguments: list[str]) -> None:
    shell.fail(order())

    result = shell.run(*arguments, "--reason", "expired")

    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line == (
        "no match among the 1 letter visible in orders-dlq; `pubsub-tasks dlq ls --each` lists them"
    )
    assert len(shell.letters) == 1


@pytest.mark.parametrize("arguments", [["drop", "--all"], ["redrive"]])
def test_an_empty_queue_without_a_filter_is_done(shell: Shell, arguments: list[str]) -> None:
    assert shell.run(*arguments, "--yes").exit_code == 0


def test_every_letter_is_dropped_only_with_all(shell: Shell) -> None:
    shell.fail(order("o-1"), order("o-2"))

    without = shell.run("drop", "--yes")
    left = len(shell.letters)
    both = shell.run("drop", "--yes", "--all", "--reason", "failed")
    every = shell.run("drop", "--yes", "--all")

    assert (without.exit_code, left) == (2, 2)
    assert "with --yes, add --all" in without.stderr
    assert both.exit_code == 2
    assert (every.stdout, shell.letters) == ("dropped 2 letters\n", [])


def test_the_queue_goes_by_the_same_options_as_for_the_worker(shell: Shell) -> None:
    shell.fail(order())

    for option in QUEUE_OPTIONS:
        environment = CommandEnvironment(shell.queues.transport, shell.queues.clock)
        result = RUNNER.invoke(command, ["dlq", "ls", option, shell.queues.letters.url], obj=environment)
        assert "1 letter in orders-dlq" in result.stdout
        with worker.command.make_context("pubsub-worker", [option, "https://sqs/1/orders"]) as context:
            assert context.params["sqs_queue_url"] == ("https://sqs/1/orders",)


def test_what_is_exported_and_imported_is_the_same(shell: Shell, tmp_path: Path) -> None:
    file = str(tmp_path / "letters.jsonl")
    shell.fail(order("é"), attributes={"seal": Attribute("Binary", b"\x00\xff")})
    (before,) = shell.queues.records()

    assert shell.run("export", "-o", file).exit_code == 0
    assert shell.run("drop", "--yes", "--all").exit_code == 0
    assert shell.run("import", file, "--yes").stdout == "imported 1 letter\n"

    (after,) = shell.queues.records()
    assert (after.body, after.attributes) == (before.body, before.attributes)
    assert after.attributes.keys() == {"seal", DEAD_LETTER}


def test_export_prints_lines_and_nothing_else(shell: Shell) -> None:
    shell.fail(order("o-1"), order("o-2"))

    result = shell.run("export", "--where", "order_id=o-2")

    (line,) = result.stdout.splitlines()
    assert json.loads(line)["body"] == order("o-2")
    assert result.stderr == "exported 1 letter\n"


def test_an_import_to_fifo_arrives_however_often_it_was_sent(shell: Shell) -> None:
    shell.queues = QueuePair(fifo=True)
    shell.queues.put("a1", "a2")
    lines = shell.run("export").stdout

    result = shell.run("import", "-", "--yes", said=lines)

    assert result.stdout == "imported 2 letters\n"
    assert shell.queues.visible_bodies() == ["a1", "a2", "a1", "a2"]


def test_one_wrong_line_and_nothing_is_imported(shell: Shell) -> None:
    result = shell.run("import", "-", "--yes", said='{"body": "a"}\n\n{"body": 5}\n')

    assert result.exit_code == 2
    assert "line 3: 'body' is missing, empty or not a string" in result.stderr
    assert shell.letters == []


def test_replay_runs_the_local_handler_and_touches_nothing(shell: Shell, app: str) -> None:
    shell.fail(order("o-1"), order("o-2"))

    failing = shell.run("replay", "id-of-o-1", "--app", app)
    fine = shell.run("replay", "id-of-o-2", "--app", app)

    assert failing.exit_code == 1
    assert "bill on id-of-o-1: retry in" in failing.stdout
    assert failing.stdout.rstrip().endswith("LookupError: still no such customer")
    assert (fine.exit_code, fine.stdout) == (0, "app_of_test_dlq.bill on id-of-o-2: done\n")
    assert len(shell.letters) == 2


def test_replay_of_another_queue_s_letter_is_refused_with_the_flag_to_type(
    shell: Shell, app: str, tmp_path: Path
) -> None:
    # Given an app whose only task names another queue than the letter's source
    (tmp_path / "app_of_test_dlq.py").write_text(APP.replace('queue="orders"', 'queue="billing"'))
    shell.fail(order("o-2"))

    refused = shell.run("replay", "--app", app)
    chosen = shell.run("replay", "--app", app, "--queue", "billing")

    assert refused.exit_code == 2
    assert "--queue billing" in refused.stderr
    assert chosen.exit_code == 0


def test_replay_of_what_no_handler_sees_says_why(shell: Shell, app: str) -> None:
    shell.fail(order("o-1", total="much"))

    result = shell.run("replay", "--app", app)

    assert "no task on id-of-o-1: dead letter (invalid)" in result.stdout
    assert "total: ['Not a valid number.']" in result.stdout
    assert "Traceback" not in result.stdout


def test_an_edited_letter_goes_as_it_was_edited(
    shell: Shell, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "sed -i s/9.99/8.88/")
    shell.fail(order("o-1"))

    result = shell.run("redrive", "--edit", "--app", app, "--yes")

    assert result.stdout == "redrove 1 letter\n"
    (body,) = shell.back
    assert json.loads(body) == {**json.loads(order("o-1")), "total": "8.88"}


@pytest.mark.parametrize(
    ("editor", "complaint"),
    [
        ("sed -i s/order_id/id/", "order_id: ['Missing data for required field.']"),
        ("true", "is not edited and stays in the queue"),
    ],
)
def test_an_edit_that_is_not_valid_or_not_saved_leaves_the_letter(
    shell: Shell, app: str, monkeypatch: pytest.MonkeyPatch, editor: str, complaint: str
) -> None:
    monkeypatch.setenv("EDITOR", editor)
    shell.fail(order("o-1"))

    result = shell.run("redrive", "--edit", "--app", app, "--yes")

    assert complaint in result.stderr
    assert result.stdout == "redrove 0 letters\n"
    assert (shell.letters, shell.back) == ([order("o-1")], [])


def test_a_native_redrive_is_done_by_sqs(shell: Shell) -> None:
    shell.queues = QueuePair(receives=1)
    shell.queues.send_to_source("a", "b")
    shell.queues.records(shell.queues.source)
    assert shell.back == []
    environment_s_clock = shell.queues.clock
    shell.queues.stop.waits.clear()

    result = shell.run("redrive", "--native", "--rate", "500", "--dry-run")
    assert (
        "would redrive all of about 2 letters from orders-dlq to the queues that SQS moved them from"
        in result.stdout
    )

    shell.queues.transport.clock = lambda: environment_s_clock.advance(0.1)
    result = shell.run("redrive", "--native", "--yes")
    assert result.stdout == "completed: SQS moved 2 of about 2 letters\n"
    assert result.exit_code == 0


def test_a_native_move_that_fails_says_what_to_do(shell: Shell) -> None:
    shell.fail(order())
    clock = shell.queues.clock
    shell.queues.transport.clock = lambda: clock.advance(0.1)

    result = shell.run("redrive", "--native", "--yes")

    assert result.exit_code == 1
    assert "failed: SQS moved 0 of about 1 letter" in result.stdout
    assert "leave out --native" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["ls", "abc"], "'abc' is too short for a letter's id"),
        (["ls", "--older-than", "soon"], "'soon' is not a duration"),
        (["ls", "--where", "order_id"], "write field=value"),
        (["ls", "--reason", "boredom"], "'boredom' is not one of"),
        (["ls", "--limit", "0"], "0 is not in the range"),
        (["redrive", "--rate", "0", "--yes"], "0.0 is not in the range"),
        (["redrive", "--native", "--reason", "failed", "--yes"], "leave out letters, filters"),
        (["redrive", "--native", "--rate", "0.5", "--yes"], "a whole number from 1 to 500"),
        (["redrive", "--to", "http://nowhere/1/x", "--yes"], "there is no queue at http://nowhere/1/x"),
        (["redrive", "--edit", "--yes"], "no tasks: name their module with --app"),
        (["replay"], "no tasks: name their module with --app"),
        (["import", "no-such-file", "--yes"], "No such file"),
    ],
)
def test_bad_input_is_one_clear_line(shell: Shell, arguments: list[str], complaint: str) -> None:
    shell.fail(order())

    result = shell.run(*arguments)

    assert result.exit_code == 2, result.output
    assert complaint in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert len(shell.letters) == 1


def test_a_queue_that_does_not_exist_is_one_clear_line(shell: Shell) -> None:
    result = shell.run("ls", url="http://127.0.0.1:4566/000000000000/nowhere")

    assert result.exit_code == 2
    assert "there is no queue at" in result.stderr


@pytest.mark.parametrize("name", ["ls", "show", "redrive", "drop", "export", "import", "replay"])
def test_every_command_explains_itself(shell: Shell, name: str) -> None:
    result = shell.run(name, "--help")

    assert result.exit_code == 0
    assert f"pubsub-tasks dlq {name} " in result.stdout.partition("Usage:")[2].partition("\n")[2]


def test_a_letter_of_unknown_origin_needs_a_target(shell: Shell) -> None:
    other = shell.queues.queue("other")
    other.send([Outgoing("hello")])

    nowhere = shell.run("redrive", "--yes", url=other.url)
    somewhere = shell.run("redrive", "--yes", "--to", shell.queues.source.url, url=other.url)

    assert nowhere.exit_code == 2
    assert "does not say which queue it is from: name one with --to" in nowhere.stderr
    assert somewhere.stdout == "redrove 1 letter\n"
    assert shell.back == ["hello"]
