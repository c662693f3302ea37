"""Whatever SQS answers, and whenever somebody says stop: no letter is lost, and all that is told is true."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pubsub_tasks.dead_letters.move_item import MoveItem
from pubsub_tasks.dead_letters.redriven_message import redrive_copy
from pubsub_tasks.errors import ConfigurationError, SettleFailed
from pubsub_tasks.redrive.browse import browse
from pubsub_tasks.redrive.leased_letters import VISIBILITY
from pubsub_tasks.redrive.mover import Mover
from tests.redrive.queues import FOR_GOOD, FOR_NOW, SOMEBODY_ELSE_S, LostAnswer, QueuePair

BROKEN = SettleFailed("connection reset")
entry_answers = st.lists(st.sampled_from([None, None, None, FOR_NOW, FOR_GOOD]), min_size=10, max_size=10)
calls = st.one_of(
    entry_answers,
    entry_answers,
    st.sampled_from([BROKEN, LostAnswer(BROKEN), ConfigurationError("no credentials"), KeyboardInterrupt()]),
)
deletes = calls | st.just([SOMEBODY_ELSE_S] * 10)
bodies = st.lists(
    st.sampled_from([f"{group}{number}" for group in "abc" for number in range(9)]), unique=True
)


def as_told(call: Any) -> Any:
    if not isinstance(call, list):
        return call
    answers = iter(call)
    return lambda entry: next(answers)


@given(
    fifo=st.booleans(),
    names=bodies,
    sends=st.lists(calls, max_size=6),
    deletions=st.lists(deletes, max_size=6),
    stop_after=st.integers(0, 40),
    late=st.booleans(),
)
def test_no_letter_is_lost_and_the_report_is_true(
    fifo: bool, names: list[str], sends: list[Any], deletions: list[Any], stop_after: int, late: bool
) -> None:
    # Given letters in hand, a wire that may do anything, and somebody who may lose patience
    queues = QueuePair(fifo=fifo)
    queues.put(*names)
    letters = browse(queues.leased, 100, queues.stop).letters
    items = [
        MoveItem(
            letter.record.body,
            letter.record,
            redrive_copy(letter.record, fifo=fifo, size_limit=1_048_576),
            letter.record.group_id if fifo else None,
        )
        for letter in letters
    ]
    queues.source.script["send"] = [as_told(call) for call in sends]
    queues.letters.script["delete"] = [as_told(call) for call in deletions]
    if late:
        queues.clock.advance(VISIBILITY)

    # When they are redriven
    def patience(settled: int) -> None:
        if settled >= stop_after:
            queues.stop.set()

    mover = Mover(queues.leased, queues.source, stop=queues.stop, clock=queues.clock, on_progress=patience)  # type: ignore[arg-type]
    report = mover.run(items)

    # Then each has one fate, and it is the one told
    queues.letters.script["delete"] = []
    queues.leased.release()
    queues.clock.advance(VISIBILITY)  # what is not in hand any more hides the rest of its group until then
    redriven_bodies, kept_bodies = queues.drained(queues.source), queues.drained()
    there, here = Counter(redriven_bodies), Counter(kept_bodies)
    seen = [item.id for item in items]
    kept = [problem.id for problem in report.kept] + report.lost + report.left
    doubled = [problem.id for problem in report.doubled]
    assert sorted(report.done + kept + doubled) == sorted(seen)
    assert all((there[name], here[name]) == (1, 0) for name in report.done)
    assert all((there[name], here[name]) == (0, 1) for name in kept)
    assert all(there[name] + here[name] >= 1 for name in names)
    assert all(there[name] <= 1 for name in names)
    # And nothing of a group passed another
    if fifo:
        for group in "abc":
            order = [name for name in redriven_bodies if name[0] == group]
            assert order == [name for name in names if name in order]
            first_here = next((name for name in seen if name[0] == group and name not in there), None)
            if first_here:
                behind = seen[seen.index(first_here) :]
                assert not any(name[0] == group and there[name] for name in behind)
