"""A dashboard of queues in memory, and a browser that talks to it without a network."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from pubsub_tasks import Tasks
from pubsub_tasks.dashboard.monitored_app import MonitoredApp, WorkerSource
from pubsub_tasks.dashboard.poller import Poller
from pubsub_tasks.dashboard.web.access import Access
from pubsub_tasks.dashboard.web.web_app import make_web_app
from tests.dead_letters.samples import failed
from tests.redrive.queues import QueuePair

TOKEN = "0123456789abcdef"
HOST = "127.0.0.1:8765"


class Browser:
    """Keeps cookies, as a browser does, and follows no redirect by itself."""

    def __init__(self, access: Access, poller: Poller, base: str = f"http://{HOST}") -> None:
        self.app, self.access, self.base = make_web_app(poller, access), access, base
        self.cookies = httpx.Cookies()

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.send("GET", path, headers)

    def post(
        self, path: str, fields: Sequence[tuple[str, str]] | Mapping[str, str], **headers: str
    ) -> httpx.Response:
        """Submit a form as one of the dashboard's own pages has it."""
        pairs = fields.items() if isinstance(fields, Mapping) else fields
        body = str(httpx.QueryParams([*pairs, ("form_token", self.access.form_token)]))
        typed = {"content-type": "application/x-www-form-urlencoded", "origin": self.base}
        return self.send("POST", path, {**typed, **headers}, body)

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: str | None = None
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(
                transport=transport, base_url=self.base, cookies=self.cookies
            ) as client:
                answer = await client.request(
                    method,
                    path,
                    headers=[(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
                    content=body,
                )
                self.cookies.update(client.cookies)
                return answer

        return asyncio.run(ask())

    def sign_in(self) -> "Browser":
        self.get(f"/?token={self.access.token}")
        return self


class Shop:
    """A dashboard of the queue `orders` with its dead letters, and of one worker."""

    def __init__(self, *, fifo: bool = False, tasks: Tasks | None = None) -> None:
        self.queues = QueuePair(fifo=fifo)
        self.status: Any = {}
        self.app = MonitoredApp(
            tasks or Tasks(),
            self.queues.transport,
            {"orders": self.queues.source.url},
            [WorkerSource("box:8080", lambda: self.status)],
        )
        self.poller = Poller(self.app, 5.0, self.queues.clock)

    def fail(self, *bodies: str, **told: Any) -> None:
        """Dead letters of these bodies, as a worker on the source queue writes them."""
        for body in bodies:
            sent = failed(body, queue=self.queues.source.url, now=self.queues.clock() - 30, **told)
            self.queues.letters.queue.send([sent])

    def browser(self, **rules: Any) -> Browser:
        return Browser(Access(TOKEN, **rules), self.poller).sign_in()


def text_of(answer: httpx.Response) -> str:
    """What a reader sees of a page, with entities as they are."""
    return " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())
