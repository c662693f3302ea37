"""Tasks that are declared and called as Celery's are."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Optional, TypedDict
from uuid import UUID

import pytest

from pubsub_tasks.celery import SentTask, shared_task
from pubsub_tasks.celery.annotated_fields import field_specs
from pubsub_tasks.dispatching.dispatcher import Dispatcher, HandlerCall
from pubsub_tasks.errors import ConfigurationError, InvalidContent
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.testing import app
from pubsub_tasks.verdicts import Ack, DeadLetter, Retry
from tests.celery_app import SEND_RECEIPT, by_celery, record
from tests.samples import NOW


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Names(TypedDict):
    c: int


def receipts(**options):
    """A task of Celery's name, its registry, and the arguments of its calls."""
    tasks, calls = Tasks(), []

    @shared_task(name=SEND_RECEIPT, tasks=tasks, **options)
    def send_receipt(order_id: UUID, total: Decimal = Decimal("1"), note: str | None = None):
        calls.append((order_id, total, note))

    return send_receipt, tasks, calls


ORDER = UUID(int=7)


def test_a_delayed_call_is_published_and_handled():
    send_receipt, tasks, calls = receipts()

    with app(tasks) as pubsub:
        sent = send_receipt.delay(ORDER, total=Decimal("9.99"))
        pubsub.run()

    assert isinstance(sent, SentTask)
    assert calls == [(ORDER, Decimal("9.99"), None)]


def test_a_signature_is_sent_later_with_its_options():
    send_receipt, tasks, calls = receipts()

    with app(tasks) as pubsub:
        send_receipt.s(ORDER).apply_async(countdown=60)
        pubsub.run()

    assert calls == [(ORDER, Decimal("1"), None)]


def test_arguments_are_added_before_those_of_a_signature_as_in_celery():
    tasks, calls = Tasks(), []

    @shared_task(name="subtract", tasks=tasks)
    def subtract(x: int, y: int, note: str = ""):
        calls.append((x, y, note))

    with app(tasks) as pubsub:
        subtract.s(2).delay(4)
        subtract.s(2, note="old").apply_async((5,), {"note": "new"})
        subtract.apply_async(None, {"x": 6, "y": 2})
        pubsub.run()

    assert calls == [(4, 2, ""), (5, 2, "new"), (6, 2, "")]


def test_a_call_is_the_function():
    send_receipt, _, calls = receipts()

    send_receipt(ORDER, note="now")

    assert calls == [(ORDER, Decimal("1"), "now")]
    assert send_receipt.__name__ == "send_receipt"


def test_arguments_that_the_function_does_not_take_are_refused_at_the_call():
    send_receipt, tasks, _ = receipts()

    with app(tasks):
        with pytest.raises(TypeError, match="order_id"):
            send_receipt.delay()
        with pytest.raises(TypeError, match="surplus"):
            send_receipt.delay(ORDER, surplus=1)
        with pytest.raises(InvalidContent, match="order_id"):
            send_receipt.delay("no uuid")


@pytest.mark.parametrize(
    "options",
    [
        {"link": 1},
        {"priority": 3},
        {"queue": "elsewhere"},
        {"task_id": "mine"},
        {"chord": None},
    ],
)
def test_what_is_not_supported_raises_and_says_what_to_do(options):
    send_receipt, tasks, _ = receipts()

    with app(tasks), pytest.raises(ConfigurationError, match="has no counterpart: "):
        send_receipt.apply_async((ORDER,), **options)


@pytest.mark.parametrize("options", [{"rate_limit": "10/m"}, {"acks_late": False}, {"serializer": "pickle"}])
def test_declarations_that_mean_nothing_here_are_refused(options):
    with pytest.raises(ConfigurationError, match="has no counterpart: "):
        receipts(**options)


def test_a_time_without_a_zone_is_refused():
    send_receipt, tasks, _ = receipts()

    for option in ("eta", "expires"):
        with app(tasks), pytest.raises(ConfigurationError, match="with its time zone"):
            send_receipt.apply_async((ORDER,), **{option: datetime(2030, 1, 1)})


@pytest.mark.parametrize("options", [{"expires": 60}, {"pydantic": True}, {"retry_kwargs": {"queue": "a"}}])
def test_options_that_are_said_elsewhere_name_the_place(options):
    with pytest.raises(ConfigurationError, match=r"has no counterpart: (?!leave it out)"):
        receipts(autoretry_for=(OSError,), **options)


def test_declarations_that_say_what_is_so_anyway_are_accepted():
    receipts(acks_late=True, ignore_result=True, reject_on_worker_lost=True)


@pytest.mark.parametrize("name", ["si", "apply", "map", "chunks", "retry", "backend", "AsyncResult"])
def test_other_methods_of_celery_name_the_way_to_do_it_here(name):
    send_receipt, _, _ = receipts()

    assert repr(send_receipt) == f"<SharedTask {send_receipt.name}>"
    with pytest.raises(AttributeError, match=f"a shared task has no {name}: "):
        getattr(send_receipt, name)
    with pytest.raises(AttributeError, match="a signature has no set: "):
        send_receipt.s(ORDER).set(countdown=3)


def test_a_chain_is_refused():
    send_receipt, _, _ = receipts()

    with pytest.raises(ConfigurationError, match="chain"):
        send_receipt.s(ORDER) | send_receipt.s(ORDER)


def test_there_is_no_result():
    with pytest.raises(AttributeError, match="no get"):
        SentTask("1").get()


def verdict_on(tasks, call, **given):
    dispatcher = Dispatcher(tasks, "default")
    prepared = dispatcher.prepare(decode_record(record(call, **given)), NOW)
    return dispatcher.run(prepared, lambda: NOW) if isinstance(prepared, HandlerCall) else prepared


def test_messages_of_celery_for_its_name_are_handled():
    _, tasks, calls = receipts()

    assert verdict_on(tasks, by_celery(ORDER, note="by Celery")) == Ack()
    assert calls == [(ORDER, Decimal("1"), "by Celery")]


# Retries


def failing(error, **options):
    tasks = Tasks()

    @shared_task(name=SEND_RECEIPT, tasks=tasks, **options)
    def send_receipt():
        raise error

    return tasks


def test_without_autoretry_a_failure_is_final_as_in_celery():
    verdict = verdict_on(failing(OSError("gone")), by_celery())

    assert isinstance(verdict, DeadLetter)
    assert verdict.reason == "failed"


def test_an_exception_of_autoretry_is_retried_after_the_delay():
    tasks = failing(OSError("gone"), autoretry_for=(OSError,), default_retry_delay=7)

    assert verdict_on(tasks, by_celery()).after == 7


def test_an_exception_that_is_excepted_is_not_retried():
    tasks = failing(
        FileNotFoundError("gone"), autoretry_for=(OSError,), dont_autoretry_for=(FileNotFoundError,)
    )

    assert isinstance(verdict_on(tasks, by_celery()), DeadLetter)


def test_arguments_of_automatic_retries_are_those_of_all_retries():
    options = {"retry_kwargs": {"max_retries": 1, "countdown": 5}}
    tasks = failing(OSError("gone"), autoretry_for=(OSError,), **options)

    assert verdict_on(tasks, by_celery()).after == 5
    assert verdict_on(tasks, by_celery(), receives=2).reason == "exhausted"


def test_backoff_doubles_up_to_its_maximum():
    options = {"retry_backoff": True, "retry_jitter": False, "retry_backoff_max": 3, "max_retries": None}
    tasks = failing(OSError("gone"), autoretry_for=(OSError,), **options)

    waits = [verdict_on(tasks, by_celery(), receives=receives).after for receives in (1, 2, 3, 4)]

    assert waits == [1, 2, 3, 3]


def test_three_retries_are_four_attempts():
    tasks = failing(OSError("gone"), autoretry_for=(OSError,))

    assert isinstance(verdict_on(tasks, by_celery(), receives=3), Retry)
    assert verdict_on(tasks, by_celery(), receives=4).reason == "exhausted"


def test_a_bound_task_sees_its_request_and_asks_for_a_retry():
    tasks, seen = Tasks(), []

    @shared_task(bind=True, name=SEND_RECEIPT, tasks=tasks)
    def send_receipt(self, order_id: int):
        seen.append((self.request.id, self.request.retries, self.request.called_directly, order_id))
        assert self.max_retries == 3
        with pytest.raises(AttributeError, match="publish progress as a message"):
            self.update_state(state="PROGRESS")
        self.retry(countdown=5, exc=OSError("gone"))

    verdict = verdict_on(tasks, lambda task: task.apply_async((3,), task_id="task-1", retries=2))

    assert verdict.after == 5
    assert "gone" in str(verdict.error)
    assert seen == [("task-1", 2, False, 3)]


def test_a_bound_task_that_is_called_directly_raises_its_error():
    @shared_task(bind=True, name=SEND_RECEIPT, tasks=Tasks())
    def send_receipt(self):
        assert self.request.called_directly
        self.retry(exc=OSError("gone"))

    with pytest.raises(OSError, match="gone"):
        send_receipt()


def test_a_retry_with_other_arguments_is_refused():
    @shared_task(bind=True, name=SEND_RECEIPT, tasks=Tasks())
    def send_receipt(self):
        self.retry(args=(1,))

    with pytest.raises(ConfigurationError, match="same message"):
        send_receipt()


def test_a_coroutine_may_be_bound():
    @shared_task(bind=True, name=SEND_RECEIPT, tasks=Tasks())
    async def send_receipt(self):
        return self.name

    assert send_receipt.task.is_async


# Fields from annotations


def loaded(function, **content):
    specs = field_specs(function)
    return {name: specs[name].make().deserialize(value) for name, value in content.items()}


def test_annotations_make_the_fields():
    def function(
        number: int,
        when: datetime,
        day: date,
        color: Color,
        lines: list[Decimal],
        prices: dict[str, float],
        wait: timedelta,
        short: Annotated[str, "a note"],
        kind: Literal["a", "b"],
        anything: Any,
        bare,
        either: int | str | None,
        typed: Names,
    ): ...

    content = loaded(
        function,
        number="3",
        when="2030-01-01T00:00:00+00:00",
        day="2030-01-01",
        color="RED",
        lines=["1.5"],
        prices={"a": "1.5"},
        wait=60,
        short="s",
        kind="a",
        anything=[1],
        bare={"b": 2},
        either="5",
        typed={"c": 3},
    )

    assert content["when"] == datetime(2030, 1, 1, tzinfo=UTC)
    assert content["lines"] == [Decimal("1.5")]
    assert content["prices"] == {"a": 1.5}
    assert content["wait"] == timedelta(seconds=60)
    assert (content["number"], content["color"], content["day"]) == (3, Color.RED, date(2030, 1, 1))
    assert (content["kind"], content["anything"], content["bare"]) == ("a", [1], {"b": 2})
    assert (content["either"], content["typed"]) == ("5", {"c": 3})


@pytest.mark.parametrize("annotation", [complex, int | UUID, tuple[int, str], "NoSuchType"])
def test_a_type_that_no_field_stands_for_is_named(annotation):
    def function(value): ...

    function.__annotations__["value"] = annotation

    with pytest.raises(ConfigurationError, match="'value'"):
        field_specs(function)


def test_arguments_without_names_are_refused():
    def function(*args): ...

    with pytest.raises(ConfigurationError, match=r"\*args"):
        field_specs(function)


def test_an_annotation_in_text_is_evaluated_though_another_cannot_be():
    def function(
        number: "int",
        lines: "list[UUID]",
        within: list["UUID"],
        either: Optional["UUID"] = None,
        short: Annotated["str", "a note"] = "",
    ) -> "NoSuchType":  # noqa: F821
        raise NotImplementedError

    specs = field_specs(function)

    assert [spec.kind.removeprefix("fields.") for spec in specs.values()] == [
        *("Integer", "List", "List", "UUID", "String"),
    ]
    assert specs["within"].inner[0].kind == "fields.UUID"
