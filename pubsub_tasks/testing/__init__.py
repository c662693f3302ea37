"""The test kit for applications: their tasks on topics and queues in memory, on a clock that a test turns.

pytest has it as the fixture `pubsub`. Elsewhere `with app("shop.tasks") as pubsub:` does the same.
No other module of the package imports this one.
"""

from .clock import VirtualClock
from .outcomes import Outcome, RunReport
from .published_messages import PublishedMessage, PublishedMessages, message
from .pubsub import PubSub, app

__all__ = [
    "Outcome",
    "PubSub",
    "PublishedMessage",
    "PublishedMessages",
    "RunReport",
    "VirtualClock",
    "app",
    "message",
]
