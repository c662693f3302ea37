"""pubsub-worker as its users meet it: what it says, how it ends, and what it makes of bad input."""

import json
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from shlex import split

import pytest

from pubsub_tasks.environments.local_broker import environment
from pubsub_tasks.local.server import LocalServer
from tests.integration.commands import command, outcome

REPOSITORY = Path(__file__).parents[2]

APP = """
from marshmallow import fields
from pubsub_tasks import PubSubMessageSchema, schema, task

@schema
class Greeting(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.test.pubsub._.created.greeting"
    name = fields.String(required=True)

@task(Greeting)
def greet(name):
    print(f"hello {name}\\n", end="", flush=True)

def graph():
    from microcosm.api import create_object_graph
    return create_object_graph("greetings")
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(APP)
    return tmp_path


def test_a_local_worker_says_what_it_does_and_stops_cleanly(shop: Path) -> None:
    with command("pubsub-worker", "--local", "--app", "shop", "--wait-seconds", "1", cwd=shop) as worker:
        worker.wait_for("dead letters:")
        worker.signal(signal.SIGTERM)
        assert worker.end() == 0
    assert "application/vnd.test.pubsub._.created.greeting -> shop.greet" in worker.output
    assert "received 0, acked 0, retried 0, dead-lettered 0, dropped 0, released 0" in worker.output


QUEUES = (
    APP.replace("@task(Greeting)", '@task(Greeting, queue="greetings")')
    + """
@task(Greeting, queue="archive")
def archive(name):
    print(f"archived {name}\\n", end="", flush=True)
"""
)


@pytest.mark.parametrize("more", [(), ("--processes", "2")])
def test_a_local_worker_of_one_queue_takes_what_its_lines_publish(shop: Path, more: tuple[str, ...]) -> None:
    # Given a local worker that serves one of an app's queues
    (shop / "queues.py").write_text(QUEUES)
    arguments = ("--local", "--queue", "archive", "--app", "queues", *more)
    with command("pubsub-worker", *arguments, cwd=shop) as worker:
        # When the lines that it prints are pasted, and a message is published
        assert "export" not in worker.wait_for("# SNS and SQS at http://127.0.0.1:")
        worker.wait_for("aws --endpoint-url http://127.0.0.1:")
        assert "from queues import" in worker.wait_for(".publish(name=...)")
        exports = [line.removeprefix("export ") for line in worker.lines if line.startswith("export ")]
        env = dict(" ".join(split(line)).split("=", 1) for line in exports)
        publish = "import queues; queues.greet.publish(name='Ada')"
        code, output = outcome(sys.executable, "-c", publish, cwd=shop, env=env)
        assert code == 0, output
        # Then the task of that queue handles it, and no other queue is served
        worker.wait_for("archived Ada")
        worker.signal(signal.SIGTERM)
        assert worker.end() == 0
    assert "hello Ada" not in worker.output
    assert "-> queues.greet" not in worker.output


def test_a_local_broker_takes_another_port_where_the_usual_one_is_taken(shop: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # whoever else has it, it is taken
            taken.bind(("127.0.0.1", 4566))
            taken.listen()
        with command("pubsub-worker", "--local", "--app", "shop", cwd=shop) as worker:
            assert "(not the usual port 4566)" in worker.wait_for("# SNS and SQS at")


def test_a_worker_consumes_the_queue_that_it_is_given(shop: Path) -> None:
    # Given a queue with one message for the task, one for nobody, and one that is no JSON
    with LocalServer() as server:
        sqs = client(server, "sqs")
        dead = sqs.create_queue(QueueName="greetings-dlq")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 15})
        url = sqs.create_queue(QueueName="greetings", Attributes={"RedrivePolicy": policy})["QueueUrl"]
        for body in (
            '{"mediaType": "application/vnd.test.pubsub._.created.greeting", "name": "Ada"}',
            '{"mediaType": "application/vnd.nobody.knows"}',
            "no json",
        ):
            sqs.send_message(QueueUrl=url, MessageBody=body)
        # When a worker runs
        arguments = ("--sqs-queue-url", url, "--app", "shop", "--wait-seconds", "1", "--log-format", "json")
        with command("pubsub-worker", *arguments, cwd=shop, env=environment(server.url)) as worker:
            told = [worker.wait_for("dead letter ("), worker.wait_for("dead letter (")]
            worker.signal(signal.SIGINT)
            assert worker.end() == 0
        # Then each had its fate, and the log names it
        assert "hello Ada" in worker.output
        lines = [json.loads(line) for line in told]
        assert {(line["verdict"], line["reason"]) for line in lines} == {
            ("dead_letter", "unknown"),
            ("dead_letter", "undecodable"),
        }
        assert {line["error_type"].rpartition(".")[2] for line in lines} == {
            "UnknownMediaType",
            "DecodeError",
        }
        bodies = {
            message["Body"]
            for message in sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10)["Messages"]
        }
        assert bodies == {"no json", '{"mediaType": "application/vnd.nobody.knows"}'}
        assert "received 3, acked 1, retried 0, dead-lettered 2" in worker.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "no tasks: name their module with --app"),
        (("--app", "shop"), "no queue to consume: give --sqs-queue-url URL"),
        (("--local", "--stdin", "--app", "shop"), "--local makes its own queues"),
        (("--stdin", "--sqs-queue-url", "x", "--app", "shop"), "give --sqs-queue-url or --stdin, not both"),
        (("--testing", "--app", "shop:graph"), "'greetings' was created without testing"),
        (("--local",), "no tasks: name their module with --app"),
        (("--local", "--app", "no_such_module"), "No module named 'no_such_module'"),
        (("--local", "--app", "shop:nothing"), "module shop has no 'nothing'"),
        (("--local", "--app", "shop", "--concurrency", "0"), "0 is not in the range 1<=x<=10000"),
        (("--sqs-queue-url", "nonsense", "--app", "shop"), "'nonsense' is neither a file nor a queue URL"),
        (("--sqs-queue-url", "https://sqs.eu-west-1.amazonaws.com/1/q", "--app", "shop"), "credentials"),
        (("--sqs-queue-url", "http://127.0.0.1:1/1/q", "--app", "shop"), "region"),
        (
            ("--sqs-queue-url", "https://sqs.eu-west-1.amazonaws.com/1/q", "--app", "named"),
            "--queue greet",
        ),
        (("--local", "--app", "shop", "--queue", "none"), "no task names the queue 'none'"),
        (("--testing", "--app", "shop", "--queue", "none"), "no task names the queue 'none'"),
        (("--stdin", "--app", "shop", "--queue", ""), "--queue is empty"),
        (("--stdin", "--app", "shop", "--health-host", ""), "--health-host is empty"),
        (("--stdin", "--app", "shop", "--grace", "nan"), "'nan' is not a finite number"),
        (("--stdin", "--app", "shop", "--grace", "inf"), "'inf' is not a finite number"),
        (("--stdin", "--app", "shop", "--concurrency", "9" * 20), "is not in the range 1<=x<=10000"),
        (("--stdin", "--app", ":"), "--app : does not name a module: write MODULE"),
        (("--stdin", "--app", ".shop"), "--app .shop does not name a module: write MODULE"),
        (("--stdin", "--app", "shop:greet"), "Task is neither a Tasks"),
        (("--sqs-queue-url", "ftp://x/1/q", "--app", "shop"), "'ftp://x/1/q' is not a queue URL"),
        (("--local", "--app", "twice"), "both handle application/vnd.test.pubsub._.created.greeting"),
    ],
)
def test_bad_input_is_one_clear_line(shop: Path, arguments: tuple[str, ...], told: str) -> None:
    (shop / "named.py").write_text(APP.replace("@task(Greeting)", '@task(Greeting, queue="greet")'))
    (shop / "twice.py").write_text(APP + "@task(Greeting)\ndef greet_again(name): ...\n")
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    env = keys if told in ("region", "--queue greet") else {}
    code, output = outcome("pubsub-worker", *arguments, cwd=shop, env=env)
    assert code == 2
    assert told in output
    assert "Traceback" not in output


def test_a_file_s_queue_is_said_to_be_in_memory(shop: Path) -> None:
    (shop / "lines").write_text("")

    code, output = outcome("pubsub-worker", "-q", "lines", "--app", "shop", cwd=shop)

    assert (code, "127.0.0.1" in output) == (0, False), output
    assert "memory:/000000000000/default" in output


def test_debug_tells_where_an_app_raises_at_import_from_its_own_frames_on(shop: Path) -> None:
    (shop / "broken.py").write_text("import broken_part\n")
    (shop / "broken_part.py").write_text("def load():\n    raise LookupError('no settings')\nload()\n")

    code, output = outcome("pubsub-worker", "--stdin", "--app", "broken", "--debug", cwd=shop)

    lines = output.splitlines()
    assert code == 2
    assert "--app broken: broken_part.py:2: LookupError: no settings" in lines[-1]
    assert lines[lines.index("Traceback (most recent call last):") + 1].endswith(
        'broken.py", line 1, in <module>'
    )


def test_a_queue_of_another_host_than_the_endpoint_s_is_one_warning(shop: Path) -> None:
    with LocalServer() as server:
        url = client(server, "sqs").create_queue(QueueName="greetings")["QueueUrl"]
        warned = []
        for each in (url, url.replace("127.0.0.1", "emulator")):
            arguments = ("--sqs-queue-url", each, "--app", "shop", "--once", "--wait-seconds", "0")
            code, output = outcome("pubsub-worker", *arguments, cwd=shop, env=environment(server.url))
            assert code == 0
            warned.append(output.count(f"go to {server.url}"))
    assert warned == [0, 1]


def test_a_missing_queue_is_one_clear_line(shop: Path) -> None:
    with LocalServer() as server:
        url = f"{server.url}/000000000000/nowhere"
        code, output = outcome(
            "pubsub-worker", "--sqs-queue-url", url, "--app", "shop", cwd=shop, env=environment(server.url)
        )
    assert code == 2
    assert "nowhere" in output
    assert "Traceback" not in output


def test_the_admin_command_runs_the_broker_alone_and_prints_the_environment(tmp_path: Path) -> None:
    with command("pubsub-tasks", "local", "--port", "0", cwd=tmp_path) as broker:
        line = broker.wait_for("export AWS_ENDPOINT_URL=")
        assert "http://127.0.0.1:" in line
        broker.wait_for("export AWS_SECRET_ACCESS_KEY=")
        broker.signal(signal.SIGINT)
        assert broker.end() == 0


def client(server: LocalServer, service: str):  # type: ignore[no-untyped-def]
    import boto3

    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )


def test_fifo_tasks_are_published_by_the_lines_that_the_broker_prints(shop: Path) -> None:
    # Given a broker that made the topics and queues of an app with a FIFO queue
    app = APP.replace("@task(Greeting)", '@task(Greeting, queue="greetings.fifo", group=by("name"))')
    (shop / "ordered.py").write_text(app.replace("schema, task", "by, schema, task"))
    with command("pubsub-tasks", "local", "--port", "0", "--app", "ordered", cwd=shop) as broker:
        queue = broker.wait_for("# queue greetings.fifo: ")
        url = queue.split(": ")[1].split(",")[0]
        exports = [line.removeprefix("export ") for line in broker.lines if line.startswith("export ")]
        env = dict(" ".join(split(line)).split("=", 1) for line in exports)
        # When another shell publishes
        publish = "import ordered; ordered.greet.publish(name='Ada')"
        code, output = outcome(sys.executable, "-c", publish, cwd=shop, env=env)
        assert code == 0, output
        # Then a worker that is given the queue's URL finds its tasks
        arguments = ("--sqs-queue-url", url, "--app", "ordered", "--once", "--wait-seconds", "1")
        code, output = outcome("pubsub-worker", *arguments, cwd=shop, env=env)
        assert code == 0, output
        assert "hello Ada" in output


LOGS = """
import logging
import logging.config

logging.config.dictConfig(
    {
        "version": 1,
        "formatters": {"own": {"format": "own %(levelname)s %(name)s: %(message)s"}},
        "handlers": {"own": {"class": "logging.StreamHandler", "formatter": "own"}},
        "root": {"level": "WARNING", "handlers": ["own"]},
    }
)
"""

HANDLER = """
import logging
logger = logging.getLogger("shop.handlers")

@task(Greeting, queue="others")
def log_it(name):
    logger.info("greeting %s", name, extra={"name_length": len(name)})
    raise ValueError("no such person")
"""


def line(name: str) -> str:
    return json.dumps({"mediaType": "application/vnd.test.pubsub._.created.greeting", "name": name})


def test_an_application_s_own_logging_configuration_neither_silences_the_worker_nor_is_lost(
    tmp_path: Path,
) -> None:
    (tmp_path / "shop.py").write_text(LOGS + APP)
    with command("pubsub-worker", "--stdin", "--app", "shop", cwd=tmp_path, stdin="no json\n") as worker:
        assert worker.end() == 1

    assert "own ERROR pubsub_tasks.messages: unreadable: dead letter (undecodable)" in worker.output
    assert "own INFO pubsub_tasks.processes.runner: default: received 1, acked 0" in worker.output


def test_an_application_s_info_lines_are_shown_and_tell_their_message(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(APP + HANDLER)
    arguments = ("--stdin", "--app", "shop", "--queue", "others", "--log-format", "json", "--once")
    with command("pubsub-worker", *arguments, cwd=tmp_path, stdin=line("Ada") + "\n") as worker:
        worker.wait_for("greeting Ada")
        worker.wait_for("no such person")
        worker.end()
    told = [json.loads(each) for each in worker.lines if each.startswith("{")]
    own = next(each for each in told if each["message"] == "greeting Ada")
    failed = next(each for each in told if each.get("verdict") == "retry")

    assert (own["logger"], own["level"], own["name_length"]) == ("shop.handlers", "INFO", 3)
    assert (own["task"], own["attempt"], own["queue"]) == ("shop.log_it", 1, "others")
    assert own["message_id"] == failed["message_id"]
    assert failed["error_type"] == "ValueError"
    assert failed["traceback"].endswith("ValueError: no such person")
