"""Workers that start while the service is out of order, as processes."""

import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps, loads
from pathlib import Path

import pytest

from tests.integration.commands import command

APP = """
from pubsub_tasks import PubSubMessageSchema, task
from marshmallow import fields

class Greeting(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.greeting"
    name = fields.String(required=True)

@task(Greeting)
def greet(name): ...
"""


class Service:
    """Answers 503 until it is `up`."""

    def __init__(self) -> None:
        self.up = False
        service = self

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                loads(self.rfile.read(int(self.headers["content-length"])))
                arn = "arn:aws:sqs:eu-west-1:1:greetings"
                body = dumps({"Attributes": {"QueueArn": arn}} if service.up else {}).encode()
                self.send_response(200 if service.up else 503)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    thread = threading.Thread(target=service.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield service
    service.server.shutdown()
    service.server.server_close()
    thread.join()


def environment(url: str) -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "eu-west-1"}
    return {**keys, "AWS_ENDPOINT_URL": url}


def test_a_worker_waits_for_a_service_that_answers_503_and_then_serves(
    tmp_path: Path, service: Service
) -> None:
    (tmp_path / "shop.py").write_text(APP)
    worker = ("pubsub-worker", "-A", "shop", "-q", f"{service.url}/1/greetings", "--wait-seconds", "0")

    with command(*worker, cwd=tmp_path, env=environment(service.url)) as running:
        running.wait_for("starting fails, and is tried again until it works")
        service.up = True
        running.wait_for("starting works again")
        running.wait_for("greetings")
        running.signal(signal.SIGTERM)

        assert running.end() == 0, running.output


def test_sigterm_ends_the_wait(tmp_path: Path, service: Service) -> None:
    (tmp_path / "shop.py").write_text(APP)
    worker = ("pubsub-worker", "-A", "shop", "-q", f"{service.url}/1/greetings")

    with command(*worker, cwd=tmp_path, env=environment(service.url)) as running:
        running.wait_for("starting fails")
        running.signal(signal.SIGTERM)

        assert running.end() == -signal.SIGTERM, running.output
