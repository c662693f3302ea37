"""A daemon as its operators meet it: the one of the examples, started as a process."""

import json
import signal
import sys
from pathlib import Path

import pytest

from pubsub_tasks.environments.local_broker import environment
from pubsub_tasks.local.server import LocalServer
from tests.integration.commands import command, outcome
from tests.integration.test_worker_command import client

REPOSITORY = Path(__file__).parents[2]
DAEMON = (Path(sys.executable).name, "-m", "examples.daemon")


def body(message: str = "hello") -> str:
    content = {"message": message, "timestamp": 1.5}
    return json.dumps({"mediaType": "application/vnd.example.pubsub.simple", **content})


def test_it_consumes_a_queue_until_it_is_told_to_stop() -> None:
    with LocalServer() as server:
        # Given a queue with a message as microcosm-pubsub writes it, raw and enveloped by SNS
        sqs, sns = client(server, "sqs"), client(server, "sns")
        url = sqs.create_queue(QueueName="simple")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = sns.create_topic(Name="simple")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        sqs.send_message(QueueUrl=url, MessageBody=body("raw"))
        sns.publish(TopicArn=topic, Message=body("enveloped"))
        # When the daemon runs, as configured by a flag and by the environment
        env = {**environment(server.url), "EXAMPLE__SQS_CONSUMER__WAIT_SECONDS": "1"}
        with command(*DAEMON, "--sqs-queue-url", url, "--debug", cwd=REPOSITORY, env=env) as daemon:
            daemon.wait_for("example: ")
            daemon.wait_for("example: ")
            daemon.signal(signal.SIGTERM)
            assert daemon.end() == 0
    # Then the handler that the graph made did both
    assert "example: raw at 1.5" in daemon.output
    assert "example: enveloped at 1.5" in daemon.output
    assert "application/vnd.example.pubsub.simple -> __main__.SimpleHandler" in daemon.output
    assert "simple: received 2, acked 2" in daemon.output


def test_a_file_instead_of_a_queue_is_replayed_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text(f"{body('one')}\n{json.dumps({'Body': body('two'), 'MessageId': 'm'})}\n")

    code, output = outcome(*DAEMON, "--sqs-queue-url", str(file), cwd=REPOSITORY)

    assert code == 0
    assert "example: one at 1.5" in output
    assert "example: two at 1.5" in output
    assert "received 2, acked 2" in output


def test_lines_that_cannot_be_handled_are_told_and_counted(tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text(f"no json\n{body()}\n")

    code, output = outcome(
        *DAEMON, "--sqs-queue-url", str(file), "--envelope", "RawSQSEnvelope", cwd=REPOSITORY
    )

    assert code == 1
    assert "example: hello at 1.5" in output
    assert "dead letter (undecodable)" in output


def test_standard_input_is_handled_to_its_end() -> None:
    with command(*DAEMON, "--stdin", cwd=REPOSITORY, stdin=f"{body('piped')}\n") as daemon:
        assert daemon.end() == 0
    assert "example: piped at 1.5" in daemon.output


def test_a_testing_daemon_needs_nothing() -> None:
    with command(*DAEMON, "--testing", cwd=REPOSITORY) as daemon:
        daemon.wait_for("dead letters:")
        daemon.signal(signal.SIGINT)
        assert daemon.end() == 0


@pytest.mark.parametrize(
    ("arguments", "env", "told"),
    [
        ((), {}, "example: no queue to consume: give --sqs-queue-url URL"),
        (
            ("--testing",),
            {"EXAMPLE__SQS_CONSUMER__WAIT_SECONDS": "50"},
            "Invalid value for sqs_consumer.wait_seconds: 50",
        ),
        (
            ("--testing",),
            {"EXAMPLE__SQS_CONSUMER__WAIT_SECONDS": "x"},
            "sqs_consumer.wait_seconds: 'x' is not a whole number",
        ),
        (("--sqs-queue-url", "file:///none"), {}, "cannot read messages from file:///none"),
    ],
)
def test_bad_input_is_one_clear_line(arguments: tuple[str, ...], env: dict[str, str], told: str) -> None:
    code, output = outcome(*DAEMON, *arguments, cwd=REPOSITORY, env=env)

    assert code == 2
    assert told in output
    assert "Traceback" not in output
