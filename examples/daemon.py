"""A daemon of microcosm lineage: a schema, a handler class that the object graph makes, and a command.

    python -m examples.daemon --sqs-queue-url URL --debug

`--local` instead of the URL brings topics and queues along; `--stdin` takes messages from a pipe:

    echo '{"mediaType": "application/vnd.example.pubsub.simple", "message": "hello", "timestamp": 1.5}' |
        python -m examples.daemon --stdin
"""

from typing import Any

from marshmallow import fields
from microcosm.api import binding

from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.daemon import ConsumerDaemon
from pubsub_tasks.decorators import handles, schema


@schema
class SimpleSchema(PubSubMessageSchema):
    """A text, and when it was written (epoch seconds)."""

    MEDIA_TYPE = "application/vnd.example.pubsub.simple"

    message = fields.String(required=True)
    timestamp = fields.Float(required=True)

    def deserialize_media_type(self, obj: Any) -> str:
        return SimpleSchema.MEDIA_TYPE


@binding("collaborator")
class Collaborator:
    """Whatever does the work."""

    def __init__(self, graph: Any) -> None:
        self.service = graph.metadata.name

    def do_something(self, message: dict[str, Any]) -> None:
        line = f"{self.service}: {message['message']} at {message['timestamp']:g}\n"
        print(line, end="", flush=True)  # whole, since other threads print as well


@binding("simple_handler")
@handles(SimpleSchema)
class SimpleHandler:
    def __init__(self, graph: Any) -> None:
        self.collaborator = graph.collaborator

    def __call__(self, message: dict[str, Any]) -> bool:
        self.collaborator.do_something(message)
        return True


class SimpleConsumerDaemon(ConsumerDaemon):
    """Print the messages of a queue."""

    @property
    def name(self) -> str:
        return "example"


if __name__ == "__main__":
    daemon = SimpleConsumerDaemon()
    daemon.run()
