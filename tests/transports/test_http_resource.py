"""Resources named by messages are fetched from permitted hosts only."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pubsub_tasks.errors import ResourceRefused, TransportError
from pubsub_tasks.transports.http_resource import Fetcher, is_public


class Site:
    """Answers with a status, headers and a body by path, and remembers who was asked for what."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[tuple[str, str]] = []
        site = self

        class Answering(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.asked.append((self.headers["Host"], self.path))
                status, headers, body = site.pages.get(self.path, (200, {}, b"{}"))
                self.send_response(status)
                for name, value in {"content-length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()
    thread.join()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822", "::ffff:1.1.1.1"]
)
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "0x7f.1", "2130706433", "127.1"])
def test_all_spellings_of_the_loopback_are_refused(host: str, site: Site) -> None:
    with pytest.raises(ResourceRefused, match="not public"):
        Fetcher().get(f"http://{host}:{site.port}/", {})

    assert site.asked == []


@pytest.mark.parametrize("allowed", ["shop.example", "SHOP.example", "*.example"])
def test_the_one_resolution_of_a_host_is_where_the_connection_goes(allowed: str, site: Site) -> None:
    # Given a name server that tells a private address from the second question on
    told = [["127.0.0.1"], ["10.0.0.1"]]
    fetcher = Fetcher(resolve=lambda host, port: told.pop(0), is_public=lambda address: address != "10.0.0.1")

    assert fetcher.get(f"http://shop.example:{site.port}/orders/1?a=b#c", {}) == (200, b"{}")

    assert site.asked == [(f"shop.example:{site.port}", "/orders/1?a=b")]
    with pytest.raises(ResourceRefused, match=r"10\.0\.0\.1"):
        fetcher.get(f"http://shop.example:{site.port}/", {})


def test_one_private_address_among_public_ones_is_enough_to_refuse(site: Site) -> None:
    fetcher = Fetcher(resolve=lambda host, port: ["93.184.216.34", "127.0.0.1"])

    with pytest.raises(ResourceRefused):
        fetcher.get(f"http://shop.example:{site.port}/", {})


def test_the_next_address_is_tried_where_one_does_not_connect(site: Site) -> None:
    fetcher = Fetcher(resolve=lambda host, port: ["127.0.0.9", "127.0.0.1"], is_public=lambda address: True)

    assert fetcher.get(f"http://shop.example:{site.port}/", {})[0] == 200


def test_hosts_below_an_allowed_one_are_allowed_and_others_are_not(site: Site) -> None:
    fetcher = Fetcher(["*.localhost"], resolve=lambda host, port: ["127.0.0.1"])

    with pytest.raises(ResourceRefused):
        fetcher.get(f"http://notlocalhost:{site.port}/", {})


def test_redirects_within_the_host_are_followed_and_end(site: Site) -> None:
    fetcher = Fetcher(["127.0.0.1"])
    site.pages["/moved"] = (302, {"location": "/orders/1"}, b"")
    site.pages["/circle"] = (302, {"location": "/circle"}, b"")

    assert fetcher.get(f"{site.url}/moved", {}) == (200, b"{}")
    with pytest.raises(TransportError, match="more than 3 times"):
        fetcher.get(f"{site.url}/circle", {})


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.1:1/", "//169.254.169.254/latest", "https://127.0.0.1/", "file:///etc/passwd"],
)
def test_redirects_to_elsewhere_are_not_followed(location: str, site: Site) -> None:
    site.pages["/moved"] = (302, {"location": location}, b"")

    with pytest.raises(ResourceRefused):
        Fetcher(["127.0.0.1"]).get(f"{site.url}/moved", {})


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/passwd",
        "ftp://h/x",
        "//h/x",
        "x",
        "",
        "http://",
        "http://me@h/",
        "http://h:x/",
        "http://[/",
        None,
        7,
    ],
)
def test_a_uri_other_than_http_is_refused(uri: object) -> None:
    with pytest.raises(ResourceRefused, match="is not fetched"):
        Fetcher().get(uri, {})  # type: ignore[arg-type]


def test_no_more_than_the_limit_is_read(site: Site) -> None:
    site.pages["/endless"] = (200, {"content-length": "1000000000"}, b"x" * 2000)
    site.pages["/fits"] = (200, {}, b"x" * 1000)
    fetcher = Fetcher(["127.0.0.1"], max_size=1000)

    assert fetcher.get(f"{site.url}/fits", {}) == (200, b"x" * 1000)
    with pytest.raises(TransportError, match="more than 1,000 bytes"):
        fetcher.get(f"{site.url}/endless", {})


def test_a_host_without_an_address_may_have_one_later() -> None:
    def nowhere(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    with pytest.raises(TransportError, match="has no address"):
        Fetcher(resolve=nowhere).get("http://shop.example/", {})
