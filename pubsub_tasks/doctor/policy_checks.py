"""Checks of a queue's policy: whether its topics may send, and nobody else."""

import json
from collections.abc import Iterator, Mapping, Sequence
from shlex import quote
from typing import Any

from ..provisioning.planning.sqs_calls import policy_with, statements
from ..provisioning.policy_statements import SendingTopic, applies, is_for_everybody
from ..provisioning.resources import Resource, StandingResource
from ..untrusted.readable_counts import counted
from .checkup import Checkup
from .finding import Finding, Severity

Statement = Mapping[str, Any]


def check_policy(checkup: Checkup, resource: Resource, queue: StandingResource) -> Iterator[Finding]:
    """What is wrong with the policy of a queue."""
    stated: Sequence[Statement] = statements(queue.document)
    allowing, denying = (
        [each for each in stated if each.get("Effect") == effect] for effect in ("Allow", "Deny")
    )
    queue_arn = resource.identity["QueueArn"]
    senders = [SendingTopic(topic, queue_arn) for topic in topics_of(checkup, resource)]
    anybody = SendingTopic(queue_arn.replace(":sqs:", ":sns:", 1), queue_arn)
    opened = [
        each
        for each in allowing
        if any(applies(each, sender.stranger, False) for sender in (*senders, anybody))
    ]
    if opened:
        yield _open(resource, queue, stated, opened)
    refused = [each for each in senders if not any(applies(allow, each, True) for allow in allowing)]
    if refused:
        yield _refusal(resource, refused, checkup.commands.apply(resource, queue))
    for deny in denying:
        if denied := [each for each in senders if applies(deny, each, False)]:
            yield _refusal(resource, denied, f"Change {_named(deny)} of the queue's policy, which denies it")


def topics_of(checkup: Checkup, resource: Resource) -> list[str]:
    """ARNs of the topics that send to the queue: what it subscribes to, or what cannot be delivered."""
    arn = resource.identity["QueueArn"]
    wanted = (each for each in checkup.wanted if each.key.kind == "subscription")
    return [
        each.identity["TopicArn"]
        for each in wanted
        if arn in (each.identity["Endpoint"], each.properties["RedrivePolicy"]["deadLetterTargetArn"])
    ]


def _open(
    resource: Resource, queue: StandingResource, stated: Sequence[Statement], opened: Sequence[Statement]
) -> Finding:
    everybody = [each for each in opened if is_for_everybody(each)]
    who = "everybody" if everybody else "topics of every account"
    return Finding(
        Severity.ERROR if everybody else Severity.WARNING,
        str(resource.key),
        f"lets {who} send by {_named((everybody or opened)[0])} of its policy",
        "anybody can send messages, which your handlers run",
        _set_policy(resource, queue, [each for each in stated if each not in opened]),
    )


def _refusal(resource: Resource, refused: Sequence[SendingTopic], mend: str) -> Finding:
    more = f" and {counted(len(refused) - 1, 'more topic')}" if len(refused) > 1 else ""
    return Finding(
        Severity.ERROR,
        str(resource.key),
        f"does not let {refused[0].topic.rpartition(':')[2]}{more} send",
        "SNS cannot deliver what is published there, and drops it after its retries",
        mend,
    )


def _set_policy(resource: Resource, queue: StandingResource, stated: Sequence[Statement]) -> str:
    """The command that leaves only these statements in a queue's policy, and the one for its topics."""
    policy = policy_with({**queue.document, "Statement": stated}, resource.properties.get("Policy"))
    attributes = json.dumps({"Policy": json.dumps(policy) if policy else ""})
    url = queue.identity["QueueUrl"]
    return f"aws sqs set-queue-attributes --queue-url {url} --attributes {quote(attributes)}"


def _named(statement: Statement) -> str:
    return f"statement {statement['Sid']}" if statement.get("Sid") else "a statement"
