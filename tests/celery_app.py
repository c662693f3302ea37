"""Messages as Celery itself publishes them, in the form in which kombu's SQS transport sends them."""

from base64 import b64encode

from celery import Celery, chord, group
from kombu.utils.json import dumps

from pubsub_tasks.wire.records import Record

SEND_RECEIPT = "shop.tasks.send_receipt"


def celery_app(**configuration):
    app = Celery("shop", broker="memory://", backend="cache+memory://", set_as_current=False)
    app.conf.update(task_default_queue="shop", **configuration)
    app.send_receipt = app.task(_send_receipt, name=SEND_RECEIPT)
    return app


def _send_receipt(*args, **kwargs):
    """Never called: messages are only published."""


def published(call, **configuration):
    """The message that `call(task)` publishes, as the object that kombu makes of it."""
    app = celery_app(**configuration)
    call(app.send_receipt)
    with app.connection_for_read() as connection:
        queued = connection.default_channel._queue_for("shop")
        message = queued.get(block=False)
        while queued.qsize():
            queued.get(block=False)
    return message


def body_of(message, *, base64=True):
    text = dumps(message)
    return b64encode(text.encode()).decode() if base64 else text


def record(call, *, base64=True, receives=1, attributes=None, sent_at=0.0, **configuration):
    body = body_of(published(call, **configuration), base64=base64)
    return Record(body, "receipt", "sqs-1", receives, sent_at, sent_at, attributes or {})


def by_celery(*args, **kwargs):
    """The call that publishes these arguments."""
    return lambda task: task.apply_async(args, kwargs)


WORKFLOWS = {
    "chain": lambda task: (task.s(1) | task.s(2)).apply_async(),
    "group": lambda task: group(task.s(1), task.s(2)).apply_async(),
    "chord": lambda task: chord([task.s(1)])(task.s(2)),
    "callbacks": lambda task: task.apply_async((1,), link=task.s()),
    "errbacks": lambda task: task.apply_async((1,), link_error=task.s()),
}
