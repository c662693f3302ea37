"""What may handle, and when an instance of a class is made."""

from functools import wraps

import pytest

from pubsub_tasks.errors import ConfigurationError, Unbound
from pubsub_tasks.tasks.handler import Handler


class Plain:
    def __call__(self, content):
        return self


class Asynchronous:
    async def __call__(self, content): ...


class Collaborating:
    def __init__(self, graph, retries=3):
        self.graph = graph

    def __call__(self, content):
        return self.graph


async def coroutine(content): ...


def generator(content):
    yield content


async def async_generator(content):
    yield content


class Generating:
    def __call__(self, content):
        yield content


class Mute:
    """Its instances cannot be called, though the class itself can."""


def test_a_function_is_called_as_it_is():
    handler = Handler(len)

    assert handler.function is len
    assert handler.factory is None
    assert handler.name == "builtins.len"


def test_one_instance_of_a_class_is_made_when_it_is_first_needed():
    handler = Handler(Plain)

    assert isinstance(handler.function, Plain)
    assert handler.function is handler.function


@pytest.mark.parametrize(
    ("given", "is_async"), [(Plain, False), (Asynchronous, True), (Asynchronous(), True), (coroutine, True)]
)
def test_it_knows_coroutines_in_any_shape(given, is_async):
    assert Handler(given).is_async is is_async


def test_a_class_with_collaborators_waits_for_its_graph():
    handler = Handler(Collaborating)

    # Given nobody made it, then it says what is wanted
    with pytest.raises(Unbound, match=r"Collaborating wants graph: .*@binding"):
        handler.ready()

    # When a graph makes it, then that instance is called
    handler.resolve(Collaborating("graph"))
    handler.ready()
    assert handler.function({}) == "graph"


@pytest.mark.parametrize("given", [generator, async_generator, Generating])
def test_generators_are_refused_since_nothing_would_run(given):
    with pytest.raises(ConfigurationError, match="would run nothing"):
        Handler(given)


def test_a_class_without_call_handles_nothing():
    with pytest.raises(ConfigurationError, match=r"Mute handles nothing: .*__call__"):
        Handler(Mute)


def test_what_cannot_be_called_is_refused():
    with pytest.raises(ConfigurationError, match="cannot be called"):
        Handler(test_handlers_module := pytest)  # a module, of which one wanted a function

    assert test_handlers_module is pytest


def again():
    """The same module run twice makes the same function twice."""

    def handler(): ...

    return Handler(handler)


def test_a_module_run_again_declares_the_same_handler_anew():
    assert again().redeclares(again())


def test_another_function_of_the_same_name_is_another_handler():
    def handler(): ...

    first = Handler(handler)

    def handler(): ...

    assert not Handler(handler).redeclares(first)
    assert not Handler(len).redeclares(Handler(len))  # nobody knows where it is written
    assert not again().redeclares(first)


def test_it_tells_where_it_is_written_even_through_decorators():
    @wraps(coroutine)
    def wrapper(): ...

    assert str(Handler(wrapper)) == f"{__name__}.coroutine ({__file__}:{coroutine.__code__.co_firstlineno})"
    assert str(Handler(len)) == "builtins.len"


def test_a_copy_of_a_class_makes_an_instance_of_its_own_and_a_function_is_itself():
    handler = Handler(Plain)

    assert handler.anew().function is not handler.function
    assert Handler(coroutine).anew().function is coroutine
