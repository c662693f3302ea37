"""Metrics of services that publish, in prometheus_client's default registry."""

import subprocess
import sys

SERVICE = """
import prometheus_client
from microcosm.api import create_object_graph, load_from_dict
from marshmallow import fields
from pubsub_tasks import PubSubMessageSchema, schema
from pubsub_tasks.telemetry.metrics.prometheus_text import registered_families

@schema
class Greeting(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.test.pubsub._.created.greeting"
    name = fields.String(required=True)

NAME = "pubsub_tasks.telemetry.metrics.publisher_metrics.observe"
loader = load_from_dict({"pubsub_observers": {"names": NAME}})
for _ in range(2):  # a second graph adds to the same numbers
    graph = create_object_graph("shop", testing=True, loader=loader)
    graph.use("sns_producer")
    graph.lock()
    graph.sns_producer.produce(Greeting.MEDIA_TYPE, name="Ada")
print(prometheus_client.generate_latest().decode())
assert not [each.name for each in registered_families() if each.name.startswith("pubsub_tasks_")]
"""


PREFORKED = """
import os, sys, threading
from pubsub_tasks.tasks.events import Published
from pubsub_tasks.telemetry.metrics.publisher_metrics import observe

def hold():
    with observe._messages._lock:
        held.set()
        threading.Event().wait()

def fork():
    global held
    held = threading.Event()
    threading.Thread(target=hold, daemon=True).start()
    held.wait()
    return os.fork()

def end_of(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

for depth in (1, 2):  # a server forks its workers, and a worker forks
    if pid := fork():
        os._exit(end_of(pid))
    observe(Published("m/order", "m-1", "arn", 0.1))
os._exit(5)
"""


def test_processes_forked_by_forked_processes_count() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", PREFORKED], timeout=30, check=False)

    assert done.returncode == 5


def test_one_setting_adds_what_is_published_to_the_default_registry() -> None:
    done = subprocess.run([sys.executable, "-c", SERVICE], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    media_type = "application/vnd.test.pubsub._.created.greeting"
    assert f'pubsub_tasks_published_messages_total{{media_type="{media_type}"}} 2.0' in done.stdout
