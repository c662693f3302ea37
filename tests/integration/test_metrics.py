"""/metrics of `pubsub-worker`, as Prometheus scrapes it."""

import signal
import socket
from http.client import HTTPConnection
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from pubsub_tasks.environments.local_broker import environment
from pubsub_tasks.local.server import LocalServer
from pubsub_tasks.wire.media_types import topic_name
from tests.integration.commands import command, outcome
from tests.integration.test_processes import APP, World, _free_port
from tests.integration.test_worker_command import client
from tests.worker.shop import until

OWN = """
from prometheus_client import Counter, Gauge
SEEN, LAST = Counter("shop_seen", "Seen"), Gauge("shop_last", "Last")

@tasks.observe
def count(event):
    if type(event).__name__ == "Started":
        SEEN.inc()
        LAST.set(7)
"""


def scrape(port: int) -> dict[str, float]:
    """All samples by name and labels."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        text = answer.read().decode()
        assert answer.getheader("Content-Type", "").startswith("text/plain; version=0.0.4")
    except ConnectionRefusedError:
        return {}
    finally:
        connection.close()
    return {
        f"{sample.name}{dict(sorted(sample.labels.items()))}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


PUBLISHING = """
from pubsub_tasks import publish

@schema
class Greeted(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.test.pubsub._.created.greeted"

@task(Greeting, queue="one")
def answer(name):
    publish(Greeted)
"""

ACKED = "pubsub_tasks_handling_seconds_count{'queue': 'one', 'task': 'shop.greet', 'verdict': 'ack'}"
GREETED = "application/vnd.test.pubsub._.created.greeted"
PUBLISHED = f"pubsub_tasks_published_messages_total{{'media_type': '{GREETED}'}}"
VISIBLE = "pubsub_tasks_queue_messages{'queue': 'one', 'state': 'visible'}"


def test_totals_of_two_processes_survive_their_recycling(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        APP.replace("import PubSub", "import default_tasks as tasks, PubSub") + OWN
    )
    with LocalServer() as server:
        world, port = World(server, tmp_path), _free_port()
        arguments = world.arguments("--processes", "2", "--max-tasks", "2", "--health-port", str(port))
        env = {**world.env, "PUBSUB_TASKS__PUBSUB_METRICS__QUEUE_DEPTH": "true"}
        with command(*arguments, cwd=world.place, env=env) as worker:
            world.greet(*"abcdef")
            worker.wait_for("ended with exit code 75, restarting")
            until(lambda: scrape(port).get(ACKED) == 6)
            world.greet(*"gh")
            until(lambda: scrape(port).get(ACKED) == 8)
            both = {VISIBLE, *(f"shop_last{{'process': 'one-{number}'}}" for number in (1, 2))}
            until(lambda: both <= scrape(port).keys())
            found = scrape(port)
            worker.signal(signal.SIGTERM)
            assert worker.end() == 0
    assert found["pubsub_tasks_received_messages_total{'queue': 'one'}"] == 8
    assert found["shop_seen_total{}"] == 8


def test_a_single_process_serves_its_own(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(APP)
    with LocalServer() as server:
        world, port = World(server, tmp_path), _free_port()
        with command(
            *world.arguments("--health-port", str(port)), cwd=world.place, env=environment(server.url)
        ) as worker:
            world.greet("Ada")
            until(lambda: scrape(port).get(ACKED) == 1)
            assert VISIBLE not in scrape(port)
            worker.signal(signal.SIGTERM)
            assert worker.end() == 0


def test_what_handlers_publish_is_counted_too(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(APP.partition("@task")[0] + PUBLISHING)
    with LocalServer() as server:
        world, port = World(server, tmp_path), _free_port()
        client(server, "sns").create_topic(Name=topic_name(GREETED))
        arguments = world.arguments("--health-port", str(port))
        with command(*arguments, cwd=world.place, env=world.env) as worker:
            world.greet("Ada")
            until(lambda: scrape(port).get(PUBLISHED) == 1)
            worker.signal(signal.SIGTERM)
            assert worker.end() == 0


def test_one_setting_sends_them_to_statsd(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(APP)
    with LocalServer() as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.bind(("127.0.0.1", 0))
        agent.settimeout(30)
        world = World(server, tmp_path)
        world.greet("Ada")
        env = {
            **world.env,
            "PUBSUB_TASKS__PUBSUB_METRICS__STATSD": f"udp://127.0.0.1:{agent.getsockname()[1]}",
        }
        with command(*world.arguments("--drain"), cwd=world.place, env=env) as worker:
            assert worker.end() == 0
        received = b""
        while b"handling_seconds_count" not in received:
            received = agent.recv(9_000)
    assert b"pubsub_tasks.handling_seconds_count:1|c|#queue:one,task:shop.greet,verdict:ack" in received


def test_a_statsd_address_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(APP)
    with LocalServer() as server:
        world = World(server, tmp_path)
        env = {**world.env, "PUBSUB_TASKS__PUBSUB_METRICS__STATSD": "localhost"}
        code, output = outcome(*world.arguments("--drain"), cwd=world.place, env=env)
    assert code == 2
    assert "pubsub_metrics.statsd is 'localhost': give udp://HOST:PORT" in output
    assert "Traceback" not in output
