"""Where a traceback begins: in the code that was called, and not in ours."""

import json
import traceback

import pytest

from pubsub_tasks.dispatching.dispatcher import Dispatcher
from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.tasks.task import Task
from pubsub_tasks.untrusted.exceptions import cut_own_frames, line_of
from pubsub_tasks.untrusted.queue_names import check_queue_name
from pubsub_tasks.verdicts import Retry
from tests.samples import NOW, ORDER, OrderPlaced, delivery


def fails(content: object) -> None:
    raise LookupError("no such customer")


async def fails_too(content: object) -> None:
    raise LookupError("no such customer")


def first_frame(error: BaseException | None) -> str:
    assert error is not None
    return traceback.extract_tb(error.__traceback__)[0].name


def test_the_traceback_of_a_handlers_error_starts_in_the_handler() -> None:
    tasks = Tasks()
    tasks.schemas.register(OrderPlaced)
    tasks.register(Task(fails, ORDER, tasks=tasks, queue="orders"))
    dispatcher = Dispatcher(tasks, "orders")
    call = dispatcher.prepare(delivery(), NOW)

    verdict = dispatcher.run(call, lambda: NOW)  # type: ignore[arg-type]

    assert isinstance(verdict, Retry)
    assert first_frame(verdict.error) == "fails"


def test_the_traceback_of_a_coroutines_error_starts_in_the_coroutine() -> None:
    import asyncio

    tasks = Tasks()
    tasks.schemas.register(OrderPlaced)
    tasks.register(Task(fails_too, ORDER, tasks=tasks, queue="orders"))
    dispatcher = Dispatcher(tasks, "orders")
    call = dispatcher.prepare(delivery(), NOW)

    verdict = asyncio.run(dispatcher.arun(call, lambda: NOW))  # type: ignore[arg-type]

    assert isinstance(verdict, Retry)
    assert first_frame(verdict.error) == "fails_too"


def test_an_error_of_the_library_keeps_its_frames() -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_queue_name("a b")
    error = caught.value.with_traceback(caught.value.__traceback__.tb_next)  # type: ignore[union-attr]

    cut_own_frames(error)

    assert first_frame(error) == "check_queue_name"


def reads_nothing() -> None:
    json.loads("{")


def test_the_line_at_fault_is_the_last_one_outside_libraries() -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its text is not the subject
        reads_nothing()

    assert line_of(caught.value) == f"{__name__}:{reads_nothing.__code__.co_firstlineno + 1}"


def test_an_error_of_the_library_itself_has_no_line_of_the_application() -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_queue_name("a b")
    error = caught.value.with_traceback(caught.value.__traceback__.tb_next)  # type: ignore[union-attr]

    assert line_of(error) == ""


def test_code_that_is_all_installed_has_a_line_too() -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its text is not the subject
        json.loads("{")
    error = caught.value.with_traceback(caught.value.__traceback__.tb_next)  # type: ignore[union-attr]

    assert line_of(error).startswith("json:")
