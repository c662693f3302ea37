"""The manual of microcosm-pubsub, followed: only the package's name is changed in its code."""

import subprocess
import sys
import textwrap
from pathlib import Path

MESSAGES = """
from marshmallow import fields
from microcosm.api import create_object_graph
from pubsub_tasks.codecs import PubSubMessageSchema
from pubsub_tasks.decorators import schema

@schema
class ExampleSchema(PubSubMessageSchema):
    message = fields.String(required=True)

    def deserialize_media_type(self, obj):
        return "application/vnd.globality.pubsub.example"

graph = create_object_graph("example", testing=True)
graph.use("sns_producer", "sqs_consumer")
graph.lock()

def process(content):
    print(content["message"])

media_type = "application/vnd.globality.pubsub.example"
message_content = dict(message="as a dictionary")
message_id = graph.sns_producer.produce(media_type, message_content)
assert message_id
graph.sns_producer.produce(media_type, dict(message="bar"), message="both")

messages = graph.sqs_consumer.consume()
for message in messages:
    process(message.content)
    message.ack()

graph.sns_producer.produce(media_type, message="as keyword args")
messages = graph.sqs_consumer.consume()
for message in messages:
    with message:
        process(message.content)

assert graph.sqs_consumer.consume() == []
"""

DAEMON = '''
from marshmallow import fields

from microcosm.api import binding, create_object_graph

from pubsub_tasks.codecs import PubSubMessageSchema
from pubsub_tasks.daemon import ConsumerDaemon
from pubsub_tasks.decorators import handles, schema


@schema
class SimpleSchema(PubSubMessageSchema):
    """
    A single schema that just sends a text string.

    """
    MEDIA_TYPE = "application/vnd.globality.pubsub.simple"

    message = fields.String(required=True)
    timestamp = fields.Float(required=True)

    def deserialize_media_type(self, obj):
        return SimpleSchema.MEDIA_TYPE


@binding("collaborator")
class Collaborator(object):
    def __init__(self, graph):
        pass

    def do_something(self, message):
        print("did", message["message"], flush=True)


@binding("simple_handler")
@handles(SimpleSchema)
class SimpleHandler(object):
    def __init__(self, graph):
        self.collaborator = graph.collaborator

    def __call__(self, message):
        self.collaborator.do_something(message)
        return True


class SimpleConsumerDaemon(ConsumerDaemon):

    @property
    def name(self):
        return "example"


if __name__ == '__main__':
    daemon = SimpleConsumerDaemon()
    daemon.run()
'''

MESSAGE = '{"mediaType": "application/vnd.globality.pubsub.simple", "message": "it", "timestamp": 1}'


def run(tmp_path: Path, code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run it as a program, since what it declares is declared for a whole process."""
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(code))
    return subprocess.run(
        [sys.executable, "-W", "error", str(program), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_messages_are_produced_and_consumed_as_the_manual_says(tmp_path: Path) -> None:
    done = run(tmp_path, MESSAGES)

    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.splitlines()) == ["as a dictionary", "as keyword args", "both"]


def test_the_daemon_runs_as_the_manual_says(tmp_path: Path) -> None:
    messages = tmp_path / "messages"
    messages.write_text(MESSAGE)

    done = run(tmp_path, DAEMON, "--sqs-queue-url", str(messages), "--debug")

    assert done.stdout == "did it\n"
    assert "received 1, acked 1" in done.stderr
    assert done.returncode == 0
