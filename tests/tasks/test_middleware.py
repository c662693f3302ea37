"""The order of middleware, and which wraps what."""

import pytest

from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.tasks.middleware import Layer, compose, is_coroutine_function, require_plain_function


def plain(call_next, context):
    return call_next(context)


async def coroutine(call_next, context):
    return await call_next(context)


class Tracing:
    async def __call__(self, call_next, context): ...


def test_the_first_is_outermost():
    def around(name):
        return lambda call_next, context: f"{name}({call_next(context)})"

    assert compose([around("a"), around("b")], str)(7) == "a(b(7))"
    assert compose([], str)(7) == "7"


def test_a_middleware_may_change_what_goes_in_and_not_call_on_at_all():
    assert compose([lambda call_next, context: call_next(context + 1)], str)(7) == "8"
    assert compose([lambda call_next, context: None], str)(7) is None


def test_a_pair_may_be_given_in_any_order():
    assert Layer.of(plain, coroutine) == Layer.of(coroutine, plain) == Layer(plain, coroutine)
    assert Layer.of(plain) == Layer(plain, None)
    assert Layer.of(coroutine) == Layer(None, coroutine)


def test_two_of_one_kind_are_no_pair():
    with pytest.raises(ConfigurationError, match="of one kind"):
        Layer.of(coroutine, Tracing())


@pytest.mark.parametrize(("layer", "is_async"), [(Layer.of(plain), True), (Layer.of(coroutine), False)])
def test_a_mismatch_names_both(layer, is_async):
    with pytest.raises(ConfigurationError, match=r"middleware <function (plain|coroutine).*shop\.send"):
        layer.check("shop.send", is_async)

    layer.check("shop.send", not is_async)


def test_a_pair_wraps_both():
    for is_async in (True, False):
        Layer.of(plain, coroutine).check("shop.send", is_async)


def test_a_coroutine_cannot_wrap_a_publish():
    require_plain_function(plain, "a publish")
    with pytest.raises(ConfigurationError, match="a publish is called without a loop"):
        require_plain_function(Tracing(), "a publish")


def test_a_class_with_an_async_call_counts_as_a_coroutine():
    assert is_coroutine_function(Tracing())
    assert not is_coroutine_function(str)
