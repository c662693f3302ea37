"""An HTTP server that returns prepared responses and records requests."""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from json import dumps, loads
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urljoin

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pubsub_tasks.transports.aws.clients import ClientSettings
from pubsub_tasks.transports.aws.transport import AwsTransport

HANG_UP = 0
WAIT = 1
SECRET = "nothing"


@dataclass
class Question:
    """One recorded request."""

    action: str
    params: dict[str, Any]
    user_agent: str
    region: str
    key: str
    token: str | None
    by_botocore: bool
    signed: bool


@dataclass
class Peer:
    """Returns prepared responses of SQS's JSON protocol in turn, then empty ones."""

    url: str = ""
    questions: list[Question] = field(default_factory=list)
    go_on: Event = field(default_factory=Event)
    answers: list[tuple[int, dict[str, Any] | bytes, dict[str, str]]] = field(default_factory=list)

    def will_answer(self, **shape: Any) -> None:
        self.answers.append((200, shape, {}))

    def will_refuse(self, kind: str, code: str, message: str, status: int = 400) -> None:
        error = {"__type": f"com.amazonaws.sqs#{kind}", "message": message}
        self.answers.append((status, error, {"x-amzn-query-error": f"{code};Sender"}))

    def will_hang_up(self) -> None:
        self.answers.append((HANG_UP, b"", {}))

    def will_wait(self) -> None:
        """Answer the next request once `answer_now` is called."""
        self.answers.append((WAIT, b"", {}))

    def answer_now(self) -> None:
        self.go_on.set()

    def will_say(self, text: bytes) -> None:
        self.answers.append((200, text, {}))

    def transport(self, **settings: Any) -> AwsTransport:
        return AwsTransport(ClientSettings(**{"endpoint_url": self.url, "attempts": 1, **settings}))


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


@pytest.fixture
def peer(credentials: None) -> Iterator[Peer]:
    with _listening() as peer:
        yield peer


@pytest.fixture
def secure_peer(credentials: None, tmp_path: Path) -> Iterator[Peer]:
    """One that speaks TLS; its certificate is in `certificate.pem`, and nobody vouches for it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate(tmp_path / "certificate.pem"))
    with _listening(context) as peer:
        yield peer


@dataclass
class KeyServer:
    """Serves a container's keys: a set of its own for each request, the first with the access key `1`.

    Attributes:
        minutes: how long keys are valid.
        asked: the path and authorization of each request.
        answers: status and body of responses in place of keys; a body of None is one that never comes.
    """

    url: str = ""
    minutes: float = 360
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    answers: list[tuple[int, bytes | None]] = field(default_factory=list)
    go_on: Event = field(default_factory=Event)

    def keys(self) -> bytes:
        expires = datetime.now(UTC) + timedelta(minutes=self.minutes)
        number = len(self.asked)
        keys = {
            "AccessKeyId": f"{number}",
            "SecretAccessKey": SECRET,
            "Token": f"token-of-the-container-{number}",
        }
        return dumps({**keys, "Expiration": f"{expires:%Y-%m-%dT%H:%M:%SZ}", "RoleArn": "arn"}).encode()


@pytest.fixture
def key_server() -> Iterator[KeyServer]:
    with serving_keys() as server:
        yield server


@contextmanager
def serving_keys() -> Iterator[KeyServer]:
    told = KeyServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            told.asked.append((self.path, self.headers["Authorization"]))
            status, body = told.answers.pop(0) if told.answers else (200, told.keys())
            if body is None:
                told.go_on.wait(60)
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *told: object) -> None:
            """Quiet, as above."""

    with _serving(Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield told
        told.go_on.set()


@contextmanager
def _serving(
    handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None
) -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@contextmanager
def _listening(tls: ssl.SSLContext | None = None) -> Iterator[Peer]:
    peer = Peer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            peer.questions.append(_question(self))
            status, shape, headers = peer.answers.pop(0) if peer.answers else (200, {}, {})
            if status == HANG_UP:
                self.close_connection = True
                return
            if status == WAIT:
                assert peer.go_on.wait(60)
                status, shape = 200, {}
            body = shape if isinstance(shape, bytes) else dumps(shape).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            with suppress(OSError):
                self.end_headers()
            with suppress(OSError):  # the client may have gone
                self.wfile.write(body)

        def log_message(self, *told: object) -> None:
            """Quiet: a test's own assertion tells what went wrong."""

    with _serving(Handler, tls) as server:
        peer.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        yield peer
        assert all(question.signed for question in peer.questions)


def _question(handler: BaseHTTPRequestHandler) -> Question:
    body = handler.rfile.read(int(handler.headers["Content-Length"]))
    told = handler.headers
    # Credential=<key>/<date>/<region>/<service>/aws4_request
    key, _, region, *_ = told["Authorization"].partition("Credential=")[2].split("/")
    action = (told["X-Amz-Target"] or "").rpartition(".")[2]
    params = loads(body) if action else {}
    by_botocore = "amz-sdk-invocation-id" in told  # its mark, and of no meaning to the service
    token = told["X-Amz-Security-Token"]
    signed = _signature(handler, body, region) == told["Authorization"].rpartition("Signature=")[2]
    return Question(action, params, told["User-Agent"], region, key, token, by_botocore, signed)


def _signature(handler: BaseHTTPRequestHandler, body: bytes, region: str) -> str | None:
    """What botocore would sign this with, if it is of these minutes; the secret is everybody's."""
    told = handler.headers
    made = datetime.strptime(told["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if abs(datetime.now(UTC) - made) > timedelta(minutes=5):
        return None
    names = re.findall(r"SignedHeaders=([^,]*)", told["Authorization"])[0].split(";")
    headers = {name: told[name] for name in names if name != "host"}
    url = urljoin(f"http://{told['Host']}", handler.path)
    request = AWSRequest("POST", url, headers=headers, data=body)
    request.context["timestamp"] = told["X-Amz-Date"]
    service = told["Authorization"].split("/")[3]
    signer = SigV4Auth(Credentials("anybody", SECRET), service, region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return str(signer.signature(text, request))


def certificate(path: Path) -> Path:
    """A key and a certificate for the loopback, by itself its authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "peer")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path
