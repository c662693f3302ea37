"""pubsub-tasks dlq as a process: on a terminal, interrupted, and over HTTP."""

import json
import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from pubsub_tasks.environments.local_broker import environment
from pubsub_tasks.local.server import LocalServer
from tests.dead_letters.samples import failed, order
from tests.integration.commands import BIN, PATIENCE, command, outcome

COUNT = 40
CTRL_D = "\x04"


class Shop:
    """A source queue and its dead-letter queue behind HTTP."""

    def __init__(self, server: LocalServer) -> None:
        self.env = environment(server.url)
        self.sqs = boto3.client(
            "sqs",
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )
        self.letters = self.sqs.create_queue(QueueName="orders-dlq")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.letters, AttributeNames=["QueueArn"])["Attributes"]
        policy = json.dumps({"deadLetterTargetArn": arn["QueueArn"], "maxReceiveCount": 100})
        attributes = {"RedrivePolicy": policy}
        self.source = self.sqs.create_queue(QueueName="orders", Attributes=attributes)["QueueUrl"]

    def fail(self, count: int) -> None:
        for number in range(count):
            sent = failed(order(f"o-{number:02}"), queue=self.source)
            attribute = sent.attributes["dead_letter"]
            self.sqs.send_message(
                QueueUrl=self.letters,
                MessageBody=sent.body,
                MessageAttributes={"dead_letter": {"DataType": "String", "StringValue": attribute.value}},
            )

    def count(self, url: str) -> tuple[int, int]:
        """(visible, in flight)."""
        told = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(told["ApproximateNumberOfMessages"]), int(told["ApproximateNumberOfMessagesNotVisible"])


@pytest.fixture
def shop() -> Iterator[Shop]:
    with LocalServer() as server:
        yield Shop(server)


def test_letters_are_counted_dropped_and_sent_back_over_http(shop: Shop, tmp_path: Path) -> None:
    shop.fail(3)

    def dlq(*arguments: str) -> str:
        code, output = outcome(
            "pubsub-tasks", "dlq", *arguments, "--queue-url", shop.source, cwd=tmp_path, env=shop.env
        )
        assert code == 0, output
        return output

    assert "3 letters in orders-dlq" in dlq("ls")
    assert "dropped 2 letters" in dlq("drop", "id-of-o-01", "id-of-o-02", "--yes")
    assert "redrove 1 letter" in dlq("redrive", "--yes")
    assert shop.count(shop.source) == (1, 0)
    assert shop.count(shop.letters) == (0, 0)


def test_ctrl_c_stops_cleanly_and_says_what_was_done_and_what_was_not(shop: Shop, tmp_path: Path) -> None:
    # Given a redrive that takes its time
    shop.fail(COUNT)
    arguments = ("--queue-url", shop.letters, "--rate", "5", "--yes", "--json")
    with command("pubsub-tasks", "dlq", "redrive", *arguments, cwd=tmp_path, env=shop.env) as running:
        # When it is interrupted once the first letters are back
        while not shop.sqs.receive_message(QueueUrl=shop.source, WaitTimeSeconds=20, VisibilityTimeout=0):
            pass
        running.signal(signal.SIGINT)
        code = running.end()

    # Then it told the truth, and nothing is in anybody's hand
    told = json.loads(running.output)
    assert code == 130
    assert told["halted"] == "interrupted"
    assert len(told["done"]) + len(told["left"]) == COUNT
    assert told["left"]
    assert shop.count(shop.source) == (len(told["done"]), 0)
    assert shop.count(shop.letters) == (len(told["left"]), 0)


@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, 0), (CTRL_D, 1, 2)])
def test_on_a_terminal_it_asks(shop: Shop, tmp_path: Path, answer: str, code: int, left: int) -> None:
    shop.fail(2)
    with Terminal("dlq", "drop", "--queue-url", shop.letters, cwd=tmp_path, env=shop.env) as terminal:
        terminal.wait_for("drop 2 letters in orders-dlq? [y/N]")
        terminal.type(answer)
        assert terminal.end() == code
    assert shop.count(shop.letters) == (left, 0)


class Terminal:
    """pubsub-tasks on a terminal of its own."""

    def __init__(self, *arguments: str, cwd: Path, env: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [str(BIN / "pubsub-tasks"), *arguments],
            cwd=cwd,
            env={**os.environ, **env, "TERM": "xterm", "COLUMNS": "100"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.output = ""

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: Any) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def wait_for(self, text: str) -> None:
        """Read until this text was printed; fails with all that was where it never is."""
        while text not in self.output:
            self.output += self._read()

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def end(self) -> int:
        """Wait for its end; returns the exit code."""
        while True:
            try:
                self.output += self._read()
            except AssertionError:
                return self.process.wait(PATIENCE)

    def _read(self) -> str:
        try:
            read = os.read(self._ours, 4096)
        except OSError:  # the other end is closed, as Linux tells it
            read = b""
        assert read, f"it ended with this:\n{self.output}"
        return read.decode(errors="replace")
