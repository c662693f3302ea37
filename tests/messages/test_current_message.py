"""Records that are logged while a message is handled."""

import copy
import json
import logging
import pickle
from io import StringIO
from logging.handlers import QueueHandler
from queue import SimpleQueue

import pytest

from pubsub_tasks.messages.current_message import (
    FIELDS,
    current_message,
    install_record_factory,
    reset_current,
    set_current,
)
from tests.samples import ORDER, delivery


@pytest.fixture
def stream():
    """What a handler of an application writes, whose format names our fields."""
    made = StringIO()
    handler = logging.StreamHandler(made)
    handler.setFormatter(logging.Formatter("%(message)s %(task)s %(message_id)s %(attempt)s %(request_id)s"))
    logger = logging.getLogger("tests.current")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    factory = logging.getLogRecordFactory()
    install_record_factory()
    yield made
    logging.setLogRecordFactory(factory)
    logger.removeHandler(handler)


@pytest.fixture
def handled(stream):
    token = set_current("shop.bill", delivery(headers={"x-request-id": "r-1"}), "orders")
    yield
    reset_current(token)


logger = logging.getLogger("tests.current")


def test_the_application_s_own_format_may_name_the_fields(stream, handled):
    logger.info("done")

    assert stream.getvalue() == "done shop.bill sqs-1 1 r-1\n"


def test_the_application_s_own_extra_wins_and_never_collides(stream, handled):
    logger.info("done", extra={"task": "mine", "request_id": "theirs"})

    assert stream.getvalue() == "done mine sqs-1 1 theirs\n"


def test_a_record_outside_of_handlers_is_as_logging_made_it(stream):
    record = logging.getLogRecordFactory()("n", logging.INFO, "p", 1, "m", (), None)

    assert type(record) is logging.LogRecord
    assert current_message() is None
    assert not set(FIELDS) & set(vars(record))


def test_the_application_s_own_factory_keeps_making_the_records(stream, handled):
    class Own(logging.LogRecord):
        def getMessage(self):  # noqa: N802 - logging's own name
            return f"own: {super().getMessage()}"

    logging.setLogRecordFactory(Own)
    install_record_factory()
    install_record_factory()
    logger.info("done")

    assert stream.getvalue() == "own: done shop.bill sqs-1 1 r-1\n"


def test_a_record_can_be_copied_and_sent_to_another_process(stream, handled):
    queue = SimpleQueue()
    handler = QueueHandler(queue)
    logger.addHandler(handler)
    try:
        logger.info("done")
    finally:
        logger.removeHandler(handler)
    record = pickle.loads(pickle.dumps(copy.copy(queue.get_nowait())))

    assert (record.message_id, record.media_type, record.queue) == ("sqs-1", ORDER, "orders")
    assert json.dumps({name: getattr(record, name) for name in FIELDS})


def test_ids_of_megabytes_are_cut(stream):
    token = set_current(None, delivery(headers={"x-request-id": "r" * 2_000_000}), "orders")
    logger.info("done")
    reset_current(token)

    assert len(stream.getvalue()) < 400
    assert "(2,000,000 characters)" in stream.getvalue()


def test_ids_forge_no_line_of_the_application_s_own_format(stream):
    token = set_current(None, delivery(headers={"x-message-id": "a\nERROR forged"}), "orders")
    logger.info("done")
    reset_current(token)

    assert stream.getvalue() == "done None a\\nERROR forged 1 None\n"
