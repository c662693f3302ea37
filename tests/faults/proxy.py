"""Proxy: stands between a client and the broker's HTTP face, and spoils what it is told to spoil.

The plan says which call meets which fault: the nth call of an action always meets the same, whatever the
threads do. The proxy counts what each fault touched, so that a judge can tell how many repeats are excused.
It binds to 127.0.0.1.
"""

import json
import select
import socket
import struct
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Lock, Thread
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

LONGEST_SILENCE = 60.0
"""Seconds after which a client that never gives up is answered after all."""


class Fault(Enum):
    """What may happen to a call. The lower half happens after the server acted: only the answer is lost."""

    RESET = "reset before the server saw it"
    UNAVAILABLE = "503"
    THROTTLED = "throttled"
    EXPIRED = "expired credentials"
    LOST = "reset after the server acted"
    HALF = "half an answer"
    SILENCE = "no answer until the client gave up"
    FAILED = "500 after the server acted"

    @property
    def acts(self) -> bool:
        """Whether the server carried the call out."""
        return self in (Fault.LOST, Fault.HALF, Fault.SILENCE, Fault.FAILED)


@dataclass(frozen=True)
class Plan:
    """The chance of each fault, for the actions named (all, if none is).

    An action fails twice in a row at most: what takes long in a longer outage is only the back-off.
    """

    seed: int
    rates: Mapping[Fault, float]
    actions: Collection[str] = ()
    spared: Mapping[Fault, Collection[str]] = field(default_factory=dict)

    def fault(self, action: str, number: int) -> Fault | None:
        """What the call of this action with this number meets."""
        if self.actions and action not in self.actions:
            return None
        if all(self._drawn(action, before) for before in (number - 1, number - 2)):
            return None
        return self._drawn(action, number)

    def _drawn(self, action: str, number: int) -> Fault | None:
        chance = Random(f"{self.seed} {action} {number}").random()
        for fault, rate in self.rates.items():
            if chance < rate:
                return None if action in self.spared.get(fault, ()) else fault
            chance -= rate
        return None


NOTHING = Plan(0, {})


class Call(NamedTuple):
    """A request as it came in."""

    action: str
    path: str
    body: bytes
    headers: dict[str, str]

    @property
    def entries(self) -> int:
        """How many messages it is about; a receive is about none, since what it loses ran nowhere."""
        if self.action == "ReceiveMessage":
            return 0
        if self.body.startswith(b"{"):
            return len(json.loads(self.body).get("Entries", "1"))
        return max(1, sum(name.endswith(".Id") for name, _ in parse_qsl(self.body.decode())))

    @property
    def key_id(self) -> str:
        """The access key's id that signed it."""
        return self.headers.get("authorization", "").partition("Credential=")[2].partition("/")[0]


class Answer(NamedTuple):
    """What goes back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Proxy:
    """Forwards to `target` (a URL) what the plan lets through.

    Attributes:
        plan: may be replaced while it runs.
        expired: ids of access keys whose every call is answered with ExpiredToken.
        met: how many calls met each (action, fault).
        touched: how many messages the calls that met a fault were about.
    """

    def __init__(self, target: str, plan: Plan = NOTHING) -> None:
        self.plan = plan
        self.expired: set[str] = set()
        self.met: Counter[tuple[str, Fault]] = Counter()
        self.touched = 0
        self.frozen: set[socket.socket] = set()
        self._address = urlsplit(target).netloc
        self._numbers: Counter[str] = Counter()
        self._lock = Lock()
        self._server = self._listen(0)
        self.port: int = self._server.server_address[1]

    @property
    def url(self) -> str:
        """For AWS_ENDPOINT_URL."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def down(self) -> None:
        """As if the machine went: connections are refused, and those that stand are cut."""
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._server.connections):
            reset(connection)

    def up(self) -> None:
        """It is back, at the same address."""
        self._server = self._listen(self.port)

    def freeze(self) -> None:
        """As where a firewall forgets them: all connections that stand are silent from now on."""
        self.frozen |= self._server.connections

    def made(self, action: str) -> int:
        """How many calls of this action came through."""
        return self._numbers[action]

    def fault(self, call: Call) -> Fault | None:
        """What this call meets, counted."""
        with self._lock:
            number = self._numbers[call.action]
            self._numbers[call.action] += 1
            fault = Fault.EXPIRED if call.key_id in self.expired else self.plan.fault(call.action, number)
            if fault is not None:
                self.met[call.action, fault] += 1
                self.touched += call.entries
        return fault

    def told(self) -> str:
        """Such as "3 throttled, 1 x 503"."""
        by_fault: Counter[Fault] = Counter()
        for (_, fault), count in self.met.items():
            by_fault[fault] += count
        return ", ".join(f"{count} x {fault.value}" for fault, count in by_fault.items()) or "no fault"

    def _listen(self, port: int) -> "_Server":
        server = _Server(port, self, self._address)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return server


def reset(connection: socket.socket) -> None:
    """End a connection as a crash does: RST, no farewell."""
    with suppress(OSError):  # its other end was faster
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)
    connection.close()


def refusal(call: Call, status: int, code: str, query_code: str, message: str) -> Answer:
    """A refusal of the whole call in the protocol of its service, SQS's JSON or SNS's XML."""
    if "x-amz-target" in call.headers:
        body = json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": message}).encode()
        content_type = "application/x-amz-json-1.0"
    else:
        error = f"<Type>Sender</Type><Code>{query_code}</Code><Message>{message}</Message>"
        body = f"<ErrorResponse><Error>{error}</Error><RequestId>0</RequestId></ErrorResponse>".encode()
        content_type = "text/xml"
    headers = [("content-type", content_type), ("x-amzn-query-error", f"{query_code};Sender")]
    return Answer(status, headers, body)


def spoiled(fault: Fault, call: Call) -> Answer:
    """The answer that stands in for the server's."""
    match fault:
        case Fault.THROTTLED if "x-amz-target" in call.headers:
            return refusal(call, 400, "ThrottlingException", "ThrottlingException", "Rate exceeded")
        case Fault.THROTTLED:
            return refusal(call, 429, "Throttled", "Throttled", "Rate exceeded")
        case Fault.EXPIRED:
            text = "The security token included in the request is expired"
            return refusal(call, 403, "ExpiredTokenException", "ExpiredToken", text)
        case _:
            status = 503 if fault is Fault.UNAVAILABLE else 500
            return Answer(status, [("content-type", "text/html")], b"<html>no such luck</html>")


class _Server(ThreadingHTTPServer):
    """Listens, and knows its open connections."""

    request_queue_size = (
        128  # the default of 5 lets a burst of clients wait a second for the kernel to try again
    )

    def __init__(self, port: int, proxy: Proxy, address: str) -> None:
        self.proxy = proxy
        self.address = address
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Connection)


class _Connection(BaseHTTPRequestHandler):
    """One connection of one client, with one of its own to the server."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.backend = HTTPConnection(self.server.address)
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        self.backend.close()
        with suppress(OSError, ValueError):  # cut on purpose
            super().finish()

    def handle(self) -> None:
        with suppress(OSError, ValueError):
            super().handle()

    def do_POST(self) -> None:
        call = self._call()
        if self.connection in self.server.proxy.frozen:
            self.close_connection = True
            select.select([self.connection], [], [], LONGEST_SILENCE)
            return
        fault = self.server.proxy.fault(call)
        answer = None
        if fault is not Fault.RESET:
            answer = self._forward(call) if fault is None or fault.acts else spoiled(fault, call)
        if answer is None or fault is Fault.LOST:
            self._reset()
        elif fault is Fault.SILENCE:
            self.close_connection = True
            select.select([self.connection], [], [], LONGEST_SILENCE)
        else:
            self._write(spoiled(fault, call) if fault is Fault.FAILED else answer, fault is Fault.HALF)

    def _call(self) -> Call:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        return Call(action or dict(parse_qsl(body.decode()))["Action"], self.path, body, headers)

    def _forward(self, call: Call) -> Answer | None:
        try:
            self.backend.request("POST", call.path, call.body, call.headers)
            answer = self.backend.getresponse()
            body = answer.read()
        except (OSError, HTTPException):
            self.backend.close()
            return None
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() != "content-length"]
        return Answer(answer.status, kept, body)

    def _write(self, answer: Answer, half: bool) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) // 2] if half else answer.body)
        if half:
            self._reset()

    def _reset(self) -> None:
        self.close_connection = True
        reset(self.connection)

    def log_message(self, format: str, *args: Any) -> None:
        """It is a proxy's business to be silent."""
