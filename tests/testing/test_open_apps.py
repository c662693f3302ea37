"""Which app a publish goes to: tests in threads and coroutines never meet."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from threading import Barrier, Event, Thread

import pytest
from microcosm.api import create_object_graph

from pubsub_tasks import ConfigurationError, Tasks, Unbound, default_tasks
from pubsub_tasks.testing import PubSub, app, message
from tests.testing.shop import OrderPlaced, Shop


def in_thread(function: Callable[[], object]) -> list[BaseException]:
    """Run a function in a new thread, without this one's context; returns what it raised."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            Context().run(function)
        except BaseException as error:
            raised.append(error)

    thread = Thread(target=run)
    thread.start()
    thread.join()
    return raised


def test_a_thread_of_the_code_under_test_publishes_to_the_app() -> None:
    shop = Shop()
    with app(shop.tasks) as pubsub:
        assert in_thread(lambda: shop.pay.publish(order_id=7, total="1")) == []

        assert pubsub.published == [message(OrderPlaced, order_id=7)]


def test_tests_in_threads_never_meet() -> None:
    # given one app, and tests that run at once
    shop, barrier = Shop(), Barrier(4)

    def story(number: int) -> list[int]:
        with app(shop.tasks) as pubsub:
            barrier.wait()
            for _ in range(20):
                shop.pay.publish(order_id=number, total="1")
            pubsub.run()
            barrier.wait()
            return [each.content["order_id"] for each in pubsub.published]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(story, range(4)))

    assert found == [[number] * 40 for number in range(4)]


def test_a_thread_of_nobody_knows_publishes_nowhere_if_tests_run_in_several() -> None:
    shop, opened, over = Shop(), Event(), Event()

    def other_test() -> PubSub:
        with app(shop.tasks) as other:
            opened.set()
            over.wait()
            return other

    with ThreadPoolExecutor(1) as pool, app(shop.tasks) as one:
        other = pool.submit(other_test)
        opened.wait()
        (error,) = in_thread(lambda: shop.pay.publish(order_id=7, total="1"))

        assert isinstance(error, Unbound)
        assert "2 tests are running" in str(error)
        # in the context of a test it is known
        context = copy_context()
        in_thread(lambda: context.run(shop.pay.publish, order_id=7, total="1"))
        over.set()
        assert (len(one.published), len(other.result().published)) == (1, 0)


def test_a_thread_publishes_to_the_app_of_its_test_within_that_of_a_session() -> None:
    shop = Shop()
    with app(shop.tasks) as of_session, app(shop.tasks) as of_test:
        assert in_thread(lambda: shop.pay.publish(order_id=7, total="1")) == []

        assert (len(of_session.published), len(of_test.published)) == (0, 1)


def test_the_inner_app_has_what_is_published_within_it() -> None:
    shop = Shop()
    with app(shop.tasks) as outer:
        with app(shop.tasks) as inner:
            shop.pay.publish(order_id=1, total="1")
        shop.pay.publish(order_id=2, total="1")

    assert (inner.published, outer.published) == ([message(order_id=1)], [message(order_id=2)])


def test_the_default_registry_publishes_to_the_app_too() -> None:
    with app(Tasks()) as pubsub:
        default_tasks.publish(OrderPlaced, order_id=7, total="1")

        assert len(pubsub.published) == 1
    assert default_tasks.override is None


def test_a_test_leaves_nothing_behind() -> None:
    shop = Shop()
    with app(shop.tasks) as pubsub:
        shop.pay.publish(order_id=7, total="1")

    with pytest.raises(Unbound):
        shop.pay.publish(order_id=8, total="1")
    assert len(pubsub.published) == 1
    with app(shop.tasks) as later:
        assert (later.published, later.pending, later.dead_letters) == ([], 0, [])


def test_an_app_may_be_closed_in_another_context() -> None:
    # as by unittest's IsolatedAsyncioTestCase, which sets up and tears down in contexts of its own
    shop = Shop()
    manager = app(shop.tasks)
    pubsub = Context().run(manager.__enter__)

    shop.pay.publish(order_id=7, total="1")

    Context().run(manager.__exit__, None, None, None)
    assert len(pubsub.published) == 1


def test_a_coroutine_without_the_context_is_known_by_its_thread() -> None:
    # given an event loop whose context is from before the fixture, as anyio's is
    shop = Shop()
    with asyncio.Runner() as runner:
        runner.run(asyncio.sleep(0))

        async def story(pubsub: PubSub) -> str:
            shop.pay.publish(order_id=7, total="1")
            return str(await pubsub.arun())

        with app(Tasks()), app(shop.tasks) as pubsub:
            assert runner.run(story(pubsub), context=Context()) == "2 handled"


def test_two_tests_cannot_have_one_graph_at_once() -> None:
    graph = create_object_graph("shop", testing=True)
    with app(graph), pytest.raises(ConfigurationError, match="in use by another test"), app(graph):
        pass
    with app(graph):
        pass
