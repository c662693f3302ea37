"""A peer on the wire that answers as it is told and remembers what it was asked."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps, loads
from threading import Thread
from typing import Any

import pytest

from pubsub_tasks.transports.aws import AwsTransport, Settings


@dataclass
class Question:
    """One request as it came over the wire."""

    action: str
    params: dict[str, Any]
    user_agent: str
    region: str


@dataclass
class Peer:
    """Speaks the JSON of SQS: gives the answers in turn, and an empty one when it has none left."""

    url: str = ""
    questions: list[Question] = field(default_factory=list)
    answers: list[tuple[int, dict[str, Any], dict[str, str]]] = field(default_factory=list)

    def will_answer(self, **shape: Any) -> None:
        self.answers.append((200, shape, {}))

    def will_refuse(self, kind: str, code: str, message: str, status: int = 400) -> None:
        error = {"__type": f"com.amazonaws.sqs#{kind}", "message": message}
        self.answers.append((status, error, {"x-amzn-query-error": f"{code};Sender"}))

    def transport(self, **settings: Any) -> AwsTransport:
        return AwsTransport(Settings(**{"endpoint_url": self.url, "attempts": 1, **settings}))


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")


@pytest.fixture
def peer(credentials: None) -> Iterator[Peer]:
    peer = Peer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            peer.questions.append(_question(self))
            status, shape, headers = peer.answers.pop(0) if peer.answers else (200, {}, {})
            body = dumps(shape).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *told: object) -> None:
            """Quiet: a test's own assertion tells what went wrong."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        peer.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield peer
        server.shutdown()
        thread.join()


def _question(handler: BaseHTTPRequestHandler) -> Question:
    body = handler.rfile.read(int(handler.headers["Content-Length"]))
    # Credential=<key>/<date>/<region>/<service>/aws4_request
    region = handler.headers["Authorization"].split("/")[2]
    action = (handler.headers["X-Amz-Target"] or "").rpartition(".")[2]
    return Question(action, loads(body) if action else {}, handler.headers["User-Agent"], region)
