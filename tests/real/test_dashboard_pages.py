"""The dashboard in headless Chromium: it polls, runs nothing that a message contains, and fits a phone."""

import json
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import pytest

from pubsub_tasks.dashboard.measures.history import History
from pubsub_tasks.dashboard.poller import Poller
from pubsub_tasks.dashboard.web.access import Access
from pubsub_tasks.dashboard.web.web_server import DashboardServer
from tests.dashboard.browsers import TOKEN, Shop
from tests.dead_letters.samples import order

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

NASTY = "<script>document.title = 'taken over'</script><img src=x onerror=\"document.title = 'taken over'\">"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
)

T = TypeVar("T")


class CountingPoller(Poller):
    """Counts how often a page is made from its history, and makes `most` pages at most."""

    reads, most = 0, 1_000

    def read(self, view: Callable[[History], T]) -> T:
        self.reads += 1
        if self.reads > self.most:
            raise OSError("out of files")
        return super().read(view)


class Chromium:
    """Opens pages of one dashboard."""

    def __init__(self, url: str, poller: CountingPoller, folder: Path) -> None:
        self._url, self.poller, self._folder = url, poller, folder

    def run(self, path: str, *flags: str, elsewhere: bool = False) -> str:
        sign = "&" if "?" in path else "?"
        profile = f"--user-data-dir={self._folder / 'profile'}"
        address = f"{self._url}{path}{sign}token={TOKEN}"
        if elsewhere:
            address = f'data:text/html,<meta http-equiv="refresh" content="0;url={quote(address)}">'
        done = subprocess.run(
            ["chromium", *FLAGS, profile, *flags, address],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return done.stdout

    def dom(self, path: str, *, elsewhere: bool = False) -> str:
        """The document after five seconds of its own time, opened here or by a page of another site."""
        return self.run(path, "--virtual-time-budget=5000", "--dump-dom", elsewhere=elsewhere)

    def width_of_screenshot(self, path: str, width: int) -> int:
        file = self._folder / "page.png"
        self.run(path, f"--window-size={width},800", f"--screenshot={file}")
        return int(struct.unpack(">I", file.read_bytes()[16:20])[0])


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Chromium]:
    shop = Shop()
    body = json.loads(order(NASTY, **{NASTY: NASTY}))
    body["mediaType"] = NASTY
    shop.fail(json.dumps(body), error=LookupError(NASTY), task=NASTY)
    poller = CountingPoller(shop.app, 1.0, shop.queues.clock)
    server = DashboardServer(poller, Access(TOKEN), "127.0.0.1", 0)
    with server.in_thread():
        yield Chromium(f"http://127.0.0.1:{server.port}", poller, tmp_path)


def test_the_overview_is_live(chromium: Chromium) -> None:
    page = chromium.dom("/")

    assert "<title>Overview" in page
    assert "/dead-letters?queue=orders" in page
    assert chromium.poller.reads > 1, "htmx asks again"


def test_a_page_that_gets_no_answer_any_more_says_so(chromium: Chromium) -> None:
    assert '<p id="stale" class="problem" role="alert" hidden="">' in chromium.dom("/")

    chromium.poller.most = chromium.poller.reads + 1

    assert '<p id="stale" class="problem" role="alert">' in chromium.dom("/")


def test_nothing_that_a_letter_contains_is_run(chromium: Chromium) -> None:
    listed = chromium.dom("/dead-letters?queue=orders")
    letter = listed.partition('href="/dead-letters/letter?')[2].partition('"')[0].replace("&amp;", "&")

    pages = [listed, chromium.dom(f"/dead-letters/letter?{letter}")]

    for page in pages:
        assert "<title>taken over" not in page
        assert "taken over" in page, "it is shown, as text"
        assert "<img" not in page


def test_a_page_of_another_site_cannot_have_letters_received(chromium: Chromium) -> None:
    page = chromium.dom("/dead-letters?queue=orders", elsewhere=True)

    assert "A link on another site led here" in page
    assert '<a href="/dead-letters?queue=orders">' in page


def test_a_phone_gets_a_page_of_its_width(chromium: Chromium) -> None:
    assert chromium.width_of_screenshot("/", 390) == 390
