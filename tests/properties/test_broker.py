"""The local broker against a simple model of what AWS promises, for any calls in any order.

No message is lost; none is received again before its visibility timeout has ended; a group is received in
order and locked while in flight; counts add up; a handle is valid for its own receive only; twelve hours are
a limit.
"""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pubsub_tasks.local.rules.service_errors import ServiceError
from tests.local.broker_client import BrokerClient

RECEIVES = 2
TWELVE_HOURS = 43_200
VISIBILITY = 60
REMEMBERED = 300
AFTER = st.sampled_from([0, 0.5, 5, VISIBILITY])

Message = dict[str, str]


@dataclass
class Copy:
    """What the model knows of one message: `ready_at` ends its delay, `ends` its hold."""

    body: str
    group: str
    number: int
    ready_at: float
    handle: str = ""
    received_at: float = 0.0
    ends: float = 0.0
    receives: int = 0
    dead: bool = False

    def held(self, now: float) -> bool:
        return self.ends > now

    def exhausted(self, now: float) -> bool:
        """The next receive that it stands before moves it; whether it has, the model does not see."""
        return not self.dead and self.receives >= RECEIVES and not self.held(now)

    def receivable(self, now: float) -> bool:
        return self.ready_at <= now and not self.held(now) and not self.exhausted(now)


class BrokerMachine(RuleBasedStateMachine):
    """A queue with its dead-letter queue, and the model of both."""

    suffix = ""

    def __init__(self) -> None:
        super().__init__()
        self.client = BrokerClient()
        self.letters = self.client.queue("letters" + self.suffix, VisibilityTimeout=str(VISIBILITY))
        policy = self.client.redrive(self.letters, RECEIVES)
        self.url = self.client.queue(
            "orders" + self.suffix, VisibilityTimeout=str(VISIBILITY), RedrivePolicy=policy
        )
        self.alive: dict[str, Copy] = {}
        self.handles: list[tuple[str, str]] = []
        self.sent = 0
        self.purged_at = 0.0

    @property
    def now(self) -> float:
        return self.client.clock()

    @rule(most=st.integers(1, 10), seconds=st.sampled_from([VISIBILITY, VISIBILITY, 0, 1, TWELVE_HOURS]))
    def receive(self, most: int, seconds: int) -> None:
        before = [copy for copy in self.alive.values() if not copy.dead]
        due = self.due([copy for copy in before if copy.receivable(self.now)], before)

        messages = self.client.receive(self.url, most, VisibilityTimeout=seconds)

        self.check_received(messages, most, due, due)
        self.take(messages, seconds, dead=False)

    @rule(most=st.integers(1, 10))
    def receive_letters(self, most: int) -> None:
        before = [copy for copy in self.alive.values() if copy.dead]
        moved = [copy for copy in self.alive.values() if copy.exhausted(self.now)]
        due = self.due([copy for copy in before if not copy.held(self.now)], before)

        messages = self.client.receive(self.letters, most)

        self.check_received(messages, most, due, due + self.due(moved, before))
        self.take(messages, VISIBILITY, dead=True)

    @precondition(lambda self: self.handles)
    @rule(choice=st.integers(0, 9), after=AFTER)
    def delete(self, choice: int, after: float) -> None:
        self.client.clock.advance(after)
        copy, handle = self.one_received(choice)
        if copy is None:
            return
        code = self.settle("DeleteMessage", copy, handle)
        if copy.handle == handle and (copy.held(self.now) or not self.suffix):
            assert code is None
            del self.alive[copy.body]
        else:
            assert code in {None, "InvalidParameterValue", "ReceiptHandleIsInvalid"}

    @precondition(lambda self: self.handles)
    @rule(
        choice=st.integers(0, 9),
        after=AFTER,
        seconds=st.sampled_from([0, 1, 100, TWELVE_HOURS - 5, TWELVE_HOURS]),
    )
    def change(self, choice: int, after: float, seconds: int) -> None:
        self.client.clock.advance(after)
        copy, handle = self.one_received(choice)
        if copy is None:
            return
        code = self.settle("ChangeMessageVisibility", copy, handle, VisibilityTimeout=seconds)
        if copy.handle != handle or not copy.held(self.now):
            assert code in {"MessageNotInflight", "ReceiptHandleIsInvalid"}
        elif self.now + seconds > copy.received_at + TWELVE_HOURS:
            assert code == "InvalidParameterValue"
        else:
            assert code is None
            copy.ends = self.now + seconds

    @rule(seconds=st.sampled_from([0.5, 1, 5, 5, 31, 60, 299, 3_600]))
    def wait(self, seconds: float) -> None:
        self.client.clock.advance(seconds)

    @precondition(lambda self: self.purgeable())
    @rule()
    def purge(self) -> None:
        self.client.sqs("PurgeQueue", QueueUrl=self.url)
        self.alive = {body: copy for body, copy in self.alive.items() if copy.dead}
        self.purged_at = self.now

    @invariant()
    def counts_add_up(self) -> None:
        visible, held, delayed = self.client.counts(self.url)
        letters, held_letters, _ = self.client.counts(self.letters)
        copies = self.alive.values()
        assert held == sum(copy.held(self.now) for copy in copies if not copy.dead)
        assert held_letters == sum(copy.held(self.now) for copy in copies if copy.dead)
        assert delayed == sum(copy.ready_at > self.now for copy in copies)
        assert visible + held + delayed + letters + held_letters == len(copies)

    def teardown(self) -> None:
        """Whatever was not deleted comes out in the end, once."""
        self.client.clock.advance(TWELVE_HOURS)
        left = []
        for url in (self.url, self.letters):
            while messages := self.client.receive(url):
                left += [message["Body"] for message in messages]
                for message in messages:
                    self.client.delete(url, message)
        assert sorted(left) == sorted(self.alive)

    def purgeable(self) -> bool:
        """Not too often, and only while it is known which messages stand there."""
        known = not any(copy.exhausted(self.now) for copy in self.alive.values())
        return known and self.now >= self.purged_at + 3_600 and len(self.alive) > 3

    def due(self, copies: list[Copy], standing: list[Copy]) -> list[Copy]:
        """Those that a receive without limit gives."""
        return copies

    def check_received(self, messages: list[Message], most: int, due: list[Copy], may: list[Copy]) -> None:
        bodies = [message["Body"] for message in messages]
        assert len(bodies) == len(set(bodies)) <= most
        assert set(bodies) <= {copy.body for copy in may}, "came without a hold having ended"
        if len(bodies) < most:
            assert {copy.body for copy in due} <= set(bodies), "was left standing"

    def take(self, messages: list[Message], seconds: float, dead: bool) -> None:
        for message in messages:
            copy = self.alive[message["Body"]]
            copy.receives += 1
            assert message["Attributes"]["ApproximateReceiveCount"] == str(copy.receives)
            copy.handle, copy.received_at = message["ReceiptHandle"], self.now
            copy.ends, copy.dead = self.now + seconds, dead
            self.handles.append((copy.body, copy.handle))

    def one_received(self, choice: int) -> tuple[Copy | None, str]:
        """One of the latest handles, and its message where it is known where that stands."""
        body, handle = self.handles[max(-1 - choice, -len(self.handles))]
        copy = self.alive.get(body)
        return (None if copy is None or copy.exhausted(self.now) else copy), handle

    def settle(self, action: str, copy: Copy, handle: str, **params: object) -> str | None:
        url = self.letters if copy.dead else self.url
        return self.ask(action, QueueUrl=url, ReceiptHandle=handle, **params)

    def ask(self, action: str, **params: object) -> str | None:
        """The code of a refusal, None where there is none."""
        try:
            self.client.sqs(action, **params)
        except ServiceError as refusal:
            return refusal.code
        return None

    def sends(self, group: str, delay: int, **params: object) -> str:
        body = str(self.sent)
        answer = self.client.send(self.url, body, MessageGroupId=group, **params)
        self.sent += 1
        self.alive[body] = Copy(body, group, self.sent, self.now + delay)
        return answer["MessageId"]


class StandardMachine(BrokerMachine):
    @rule(count=st.integers(1, 4), delay=st.sampled_from([0, 0, 0, 1, 40, 900]))
    def send(self, count: int, delay: int) -> None:
        for _ in range(count):
            self.sends("any", delay, DelaySeconds=delay)


class FifoMachine(BrokerMachine):
    suffix = ".fifo"

    def __init__(self) -> None:
        super().__init__()
        self.taken: dict[str, tuple[float, str]] = {}
        self.attempts: dict[str, tuple[float, list[tuple[Copy, str, float]]]] = {}

    @rule(groups=st.text("abc", min_size=1, max_size=5))
    def send(self, groups: str) -> None:
        for group in groups:
            self.sends(group, 0, MessageDeduplicationId=f"unique-{self.sent}")

    @rule(group=st.sampled_from("abc"), token=st.sampled_from("xy"))
    def send_with_id(self, group: str, token: str) -> None:
        """A duplicate within five minutes is taken for the first message, and none is added."""
        sent_at, first = self.taken.get(token, (0.0, ""))
        if self.now - sent_at < REMEMBERED:
            answer = self.client.send(
                self.url, "duplicate", MessageGroupId=group, MessageDeduplicationId=token
            )
            assert answer["MessageId"] == first
        else:
            message_id = self.sends(group, 0, MessageDeduplicationId=token)
            self.taken[token] = self.now, message_id

    @rule(attempt=st.sampled_from("12"), most=st.integers(1, 10))
    def receive_again(self, attempt: str, most: int) -> None:
        """The same messages and handles, as long as nothing became of them."""
        at, holds = self.attempts.get(attempt, (0.0, []))
        before = [copy for copy in self.alive.values() if not copy.dead]
        due = self.due([copy for copy in before if copy.receivable(self.now)], before)

        messages = self.client.receive(self.url, most, ReceiveRequestAttemptId=attempt)

        if holds and self.now - at < REMEMBERED and all(self.untouched(*hold) for hold in holds):
            assert [message["ReceiptHandle"] for message in messages] == [handle for _, handle, _ in holds]
            for copy, _, _ in holds:
                copy.ends = min(self.now + VISIBILITY, copy.received_at + TWELVE_HOURS)
        else:
            self.check_received(messages, most, due, due)
            self.take(messages, VISIBILITY, dead=False)
        if messages:
            copies = [self.alive[message["Body"]] for message in messages]
            self.attempts[attempt] = self.now, [(copy, copy.handle, copy.ends) for copy in copies]

    def untouched(self, copy: Copy, handle: str, ends: float) -> bool:
        there = self.alive.get(copy.body) is copy and not copy.dead
        return there and copy.handle == handle and copy.ends == ends and copy.held(self.now)

    def due(self, copies: list[Copy], standing: list[Copy]) -> list[Copy]:
        """Nothing of a group of which something is in hand."""
        locked = {copy.group for copy in standing if copy.held(self.now)}
        return [copy for copy in copies if copy.group not in locked]

    def check_received(self, messages: list[Message], most: int, due: list[Copy], may: list[Copy]) -> None:
        super().check_received(messages, most, due, may)
        if due is not may:
            return  # in which order a model cannot say that does not see when they were moved
        for group in {copy.group for copy in due}:
            line = [copy.body for copy in due if copy.group == group]
            came = [m["Body"] for m in messages if m["Attributes"]["MessageGroupId"] == group]
            assert came == line[: len(came)], "came out of order"


TestStandardQueue = StandardMachine.TestCase
TestStandardQueue.settings = settings(max_examples=100, stateful_step_count=40)
TestFifoQueue = FifoMachine.TestCase
TestFifoQueue.settings = settings(max_examples=100, stateful_step_count=40)
