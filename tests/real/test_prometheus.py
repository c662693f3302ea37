"""Prometheus and its promtool judge the alert rules, a worker's /metrics, and all queries about it."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple
from urllib.parse import urlencode

import boto3
import pytest
import yaml

from pubsub_tasks.environments.local_broker import queues
from pubsub_tasks.local.server import REGION
from tests.examples.test_monitoring import FOLDER, expressions
from tests.integration.commands import Command, command
from tests.integration.test_processes import _free_port
from tests.worker.shop import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]

ALERTS = FOLDER / "alerts.yaml"
ALERT_TESTS = Path(__file__).with_name("alerts_test.yaml")

APP = """
from contextlib import suppress

from marshmallow import fields
from pubsub_tasks import Delivery, PubSubMessageSchema, Reject, publish, schema, task
from pubsub_tasks.errors import TransportError
from tenacity import stop_after_attempt, wait_fixed

@schema
class Job(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.test.pubsub._.created.job"
    kind = fields.String(required=True)

class Nowhere(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.test.pubsub._.created.nowhere"

@task(Job, queue="jobs", stop=stop_after_attempt(3), wait=wait_fixed(1))
def work(kind, delivery: Delivery):
    if kind == "rejected":
        raise Reject("no")
    if kind == "retried" and delivery.attempt == 1:
        raise OSError("busy")
    if kind == "publishing":
        with suppress(TransportError):
            publish(Nowhere)
    if kind == "retried":
        publish(Job, kind="handled")
"""
KINDS = ("handled", "retried", "rejected", "publishing")

FIRING = {"PubSubTasksDeadLetters", "PubSubTasksPublishFailures"}
"""What must fire after these messages. Retries take a quarter of an hour to be an alert."""


class Answer(NamedTuple):
    status: int
    content: str

    @property
    def data(self) -> Any:
        return json.loads(self.content)["data"]


def get(port: int, path: str, **query: str) -> Answer:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", f"{path}?{urlencode(query)}")
        answer = connection.getresponse()
        return Answer(answer.status, answer.read().decode())
    except ConnectionError:
        return Answer(0, "")
    finally:
        connection.close()


def promtool(*arguments: str, given: str | None = None) -> str:
    """What promtool says; it fails on what it finds."""
    done = subprocess.run(
        ["promtool", *arguments], input=given, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def alerts() -> dict[str, Any]:
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def test_the_alert_rules_are_rules() -> None:
    assert f"{len(alerts())} rules found" in promtool(
        "check", "rules", "--lint=all", "--lint-fatal", str(ALERTS)
    )


def test_each_alert_fires_and_does_not() -> None:
    cases = [
        (case["alertname"], bool(case["exp_alerts"]))
        for test in yaml.safe_load(ALERT_TESTS.read_text())["tests"]
        for case in test["alert_rule_test"]
    ]

    assert set(cases) == {(name, fires) for name in alerts() for fires in (True, False)}
    promtool("test", "rules", str(ALERT_TESTS))


class World(NamedTuple):
    """Workers that serve /metrics, and a Prometheus that scrapes them."""

    workers: dict[str, int]
    prometheus: int

    def query(self, expression: str) -> Any:
        answer = get(self.prometheus, "/api/v1/query", query=expression)
        assert answer.status == 200, f"{expression}: {answer.content}"
        return answer.data["result"]

    def firing(self) -> set[str]:
        found = get(self.prometheus, "/api/v1/alerts").data["alerts"]
        return {each["labels"]["alertname"] for each in found if each["state"] == "firing"}


@contextmanager
def worker(place: Path, *more: str) -> Iterator[int]:
    """A worker that has handled, retried and dead-lettered messages; yields the port of its /metrics."""
    port, env = _free_port(), {"PUBSUB_TASKS__PUBSUB_METRICS__QUEUE_DEPTH": "true"}
    arguments = ("pubsub-worker", "--local", "--app", "shop", "--health-port", str(port), *more)
    with command(*arguments, cwd=place, env=env) as running:
        send(running)
        yield port


def send(worker: Command) -> None:
    url = worker.wait_for("# SNS and SQS at ").split()[5]
    worker.wait_for("dead letters:")
    sqs = boto3.client(
        "sqs", endpoint_url=url, region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b"
    )
    for kind in KINDS:
        body = {"mediaType": "application/vnd.test.pubsub._.created.job", "kind": kind}
        sqs.send_message(QueueUrl=f"{queues(url)}jobs", MessageBody=json.dumps(body))


@contextmanager
def prometheus(place: Path, targets: dict[str, int]) -> Iterator[int]:
    """Yields the port of a Prometheus that scrapes these ports."""
    port, configuration = _free_port(), place / "prometheus.yaml"
    scrapes = [
        {"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}
        for name, target in targets.items()
    ]
    intervals = {"scrape_interval": "500ms", "evaluation_interval": "1s"}
    configuration.write_text(
        yaml.safe_dump({"global": intervals, "rule_files": [str(ALERTS)], "scrape_configs": scrapes})
    )
    flags = (
        f"--config.file={configuration}",
        f"--storage.tsdb.path={place / 'storage'}",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    with command("/usr/bin/prometheus", *flags, cwd=place) as running:
        running.wait_for("Server is ready")
        yield port


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "shop.py").write_text(APP)
    with ExitStack() as stack:
        workers = {
            "worker": stack.enter_context(worker(tmp_path)),
            "supervisor": stack.enter_context(worker(tmp_path, "--processes", "2")),
        }
        yield World(workers, stack.enter_context(prometheus(tmp_path, workers)))


def dashboard_queries() -> list[str]:
    """The queries of the Grafana dashboard, with its variables as Grafana fills them in."""
    return [
        each.replace("$queue", ".*").replace("$__rate_interval", "1m")
        for each in expressions("grafana.json")
        if not each.startswith("label_values(")
    ]


def test_a_prometheus_has_an_answer_to_all_that_the_examples_ask_of_it(world: World) -> None:
    # Given series of handled, retried and dead-lettered messages
    counted = 'pubsub_tasks_handling_seconds_count{job="%s", verdict="%s"}'
    wanted = [
        counted % (job, verdict) for job in world.workers for verdict in ("ack", "retry", "dead_letter")
    ]
    until(lambda: all(world.query(each) for each in wanted))
    # Then each query has some, as each query of an alert that must fire
    asked = [*dashboard_queries(), *(rule["expr"] for name, rule in alerts().items() if name in FIRING)]
    assert len(asked) > 20
    unanswered = list(asked)
    while unanswered:  # the test's time limit ends it
        unanswered = [each for each in unanswered if not world.query(each)]
        Event().wait(0.25)
    until(lambda: world.firing() == FIRING)
    # And the other alerts, and what KEDA asks, are queries at least
    for expression in (*(rule["expr"] for rule in alerts().values()), *expressions("keda.yaml")):
        world.query(expression)
    # And promtool finds nothing to better in what the workers answer
    for port in world.workers.values():
        assert promtool("check", "metrics", given=get(port, "/metrics").content) == ""
