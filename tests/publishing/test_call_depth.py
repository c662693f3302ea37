"""A publish passes few functions, and a reader of a traceback can guess what each of them does."""

import sys

import pytest

from pubsub_tasks.decorators import task
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.transports.sns import SnsPublisher
from tests.samples import ORDER, OrderPlaced

AT_MOST = 6


@pytest.fixture
def publish(shop):
    """Publishes an order by its task. Returns the functions from `Task.publish` to the PublishBatch call."""
    stacks = []

    def call(action, params, failure):
        assert action == "PublishBatch"
        stacks.append(functions_called_since(test_module_frame=__file__))
        return shop.transport.call("sns", action, params)

    @task(OrderPlaced, tasks=shop.tasks)
    def ship(order_id, total, **more):
        """Handles an order."""

    shop.wire = SnsPublisher(call)
    shop.bind(Topics({ORDER: shop.topic("orders")}))

    def publish_order():
        ship.publish(order_id="o-1", total="1")
        return stacks.pop()

    return publish_order


def functions_called_since(test_module_frame):
    """Qualified names of the functions on the stack, without those of this file, the outermost first."""
    frame, names = sys._getframe(), []
    while frame is not None:
        code = frame.f_code
        if code.co_filename != test_module_frame:
            names.append(code.co_qualname)
        elif names:
            return names[::-1]
        frame = frame.f_back
    raise AssertionError("publish was not called from this file")


def test_a_publish_passes_at_most_six_functions_on_its_way_to_sns(shop, publish):
    functions = publish()

    assert len(functions) <= AT_MOST, functions
    assert len(shop.records("orders")) == 1


def test_the_functions_of_a_publish_have_names_that_say_what_they_do(publish):
    assert publish() == [
        "Publishable.publish",
        "Producer.publish",
        "Sender.send",
        "Sender.send_batch",
        "Sender._attempt",
        "SnsPublisher.publish",
    ]
