"""How many polls are worth making at once."""

from pubsub_tasks.consuming.credit import Credit
from pubsub_tasks.consuming.held import Limits


def test_polls_that_work_more_than_they_wait_are_better_alone():
    # Given a queue on this machine, where a poll is work of the one core and hardly any waiting
    credit = Credit(Limits(threads=8, receivers=8))
    credit.polling(10)

    # When full batches keep coming
    credit.polled(10, 10, at_once=1.6)

    # Then a second poll would only be in the way
    credit.polling(10)
    assert credit.ask(10, 0) == 0


def test_polls_over_a_network_are_worth_as_many_as_a_core_carries():
    credit = Credit(Limits(threads=8, receivers=8))

    for _ in range(10):
        credit.polling(10)
        credit.polled(10, 10, at_once=4.5)

    asked = [credit.ask(10, 0) for _ in range(8) if credit.ask(10, 0) and not credit.polling(10)]
    assert len(asked) == 4


def test_a_poll_that_waited_for_messages_does_not_look_like_a_network():
    credit = Credit(Limits(threads=8, receivers=8))
    for at_once in (1.2, 400.0, 300.0):
        credit.polling(10)
        credit.polled(10, 10, at_once)

    credit.polling(10)
    assert credit.ask(10, 0) == 0
