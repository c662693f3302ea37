"""A canned SNS and SQS in a process of its own, so quick that what is measured beside it is the client.

    python -m tests.benchmarks.endpoint [--port 0] [--delay-ms 0]

It prints its URL and ends with its standard input. Messages are counted, not kept: a receive takes up to ten
from the queue's count and answers ten prebuilt ones with new ids, and whatever is sent adds to the count.
A publish to a topic goes to the queue of the topic's name, if there is one. Nothing is delivered twice,
nothing is checked and no error is ever answered: the local broker is the one that behaves like SQS.

`POST /fill` of `{"queue": name, "messages": count}` fills a queue; `GET /counts` answers the calls by action,
and `GET /credentials` answers a container's keys.
"""

import argparse
import asyncio
import json
import re
import sys
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from functools import partial
from hashlib import md5
from itertools import count

from tests.benchmarks.orders import BODY

ACCOUNT = "111111111111"
"""Of its queues' URLs, which tells them from the local broker's."""
MD5 = md5(BODY.encode(), usedforsecurity=False).hexdigest()
CREDENTIALS = {
    "AccessKeyId": "local",
    "SecretAccessKey": "local",
    "Token": "token",
    "Expiration": "2099-01-01T00:00:00Z",
}
RESULT = """<{0}Response><{0}Result>{1}</{0}Result>
<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{0}Response>"""

_NUMBERS = count(1)
_IDS = re.compile(rb'"Id": ?"([^"]*)"')
_FORM_IDS = re.compile(rb"\.member\.\d+\.Id=([^&]*)")
_MOST = re.compile(rb'"MaxNumberOfMessages": ?(\d+)')
_WAIT = re.compile(rb'"WaitTimeSeconds": ?(\d+)')
_QUEUE = re.compile(rb'"Queue(?:Url|Name)": ?"([^"]*)"')
_TOPIC = re.compile(rb"(?:TopicArn=[^&]*%3A|&Name=)([^&%]*)")
_ACTION = re.compile(rb"Action=(\w+)")
_LENGTH = re.compile(rb"\r\ncontent-length: ?(\d+)", re.IGNORECASE)
_TARGET = re.compile(rb"\r\nx-amz-target: ?AmazonSQS\.(\w+)", re.IGNORECASE)

Respond = Callable[[bytes], None]


class Canned:
    """Answers by action, from counts of messages by queue name."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: Counter[str] = Counter()
        self.waiting: dict[str, int] = {}
        self._polls: defaultdict[str, deque[Callable[[], None]]] = defaultdict(deque)
        plain = {"MessageId": "%s", "ReceiptHandle": "%s", "MD5OfBody": MD5, "Body": BODY.replace("%", "%%")}
        now = str(int(1000 * time.time()))
        system = {"ApproximateReceiveCount": "1", "SentTimestamp": now}
        system |= {"ApproximateFirstReceiveTimestamp": now, "SenderId": "AIDA"}
        self._plain, self._full = json.dumps(plain), json.dumps({**plain, "Attributes": system})

    def add(self, queue: str, messages: int) -> None:
        if queue in self.waiting:
            self.waiting[queue] += messages
            polls = self._polls[queue]
            while polls and self.waiting[queue]:
                polls.popleft()()

    def sqs(self, action: str, body: bytes, respond: Respond) -> None:
        found = _QUEUE.search(body)
        queue = found[1].decode().rpartition("/")[2] if found else ""
        ids = [each.decode() for each in _IDS.findall(body)]
        self.calls[action] += 1
        if action == "ReceiveMessage":
            self._receive(queue, body, respond)
        elif action in ("DeleteMessageBatch", "ChangeMessageVisibilityBatch"):
            respond(json.dumps({"Successful": [{"Id": each} for each in ids], "Failed": []}).encode())
        elif action == "SendMessageBatch":
            self.add(queue, len(ids))
            sent = [{"Id": each, "MessageId": self._id(), "MD5OfMessageBody": MD5} for each in ids]
            respond(json.dumps({"Successful": sent, "Failed": []}).encode())
        elif action == "SendMessage":
            self.add(queue, 1)
            respond(json.dumps({"MessageId": self._id(), "MD5OfMessageBody": MD5}).encode())
        elif action == "GetQueueAttributes":
            arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}"
            left = str(self.waiting.get(queue, 0))
            attributes = {"QueueArn": arn, "VisibilityTimeout": "30", "ApproximateNumberOfMessages": left}
            respond(json.dumps({"Attributes": attributes}).encode())
        elif action in ("CreateQueue", "GetQueueUrl"):
            self.waiting.setdefault(queue, 0)
            respond(json.dumps({"QueueUrl": f"{self.url}/{ACCOUNT}/{queue}"}).encode())
        else:  # DeleteQueue, DeleteMessage, ChangeMessageVisibility and whatever else answers nothing
            respond(b"{}")

    def sns(self, action: str, body: bytes, respond: Respond) -> None:
        found = _TOPIC.search(body)
        topic = found[1].decode() if found else ""
        self.calls[action] += 1
        result = ""
        if action == "PublishBatch":
            ids = [each.decode() for each in _FORM_IDS.findall(body)]
            self.add(topic, len(ids))
            sent = (f"<member><Id>{each}</Id><MessageId>{self._id()}</MessageId></member>" for each in ids)
            result = f"<Successful>{''.join(sent)}</Successful><Failed/>"
        elif action == "Publish":
            self.add(topic, 1)
            result = f"<MessageId>{self._id()}</MessageId>"
        elif action == "CreateTopic":
            result = f"<TopicArn>arn:aws:sns:us-east-1:{ACCOUNT}:{topic}</TopicArn>"
        respond(RESULT.format(action, result).encode())

    def _receive(self, queue: str, body: bytes, respond: Respond) -> None:
        most, wait = _number(_MOST, body, 1), _number(_WAIT, body, 0)
        message = self._full if b'AttributeNames"' in body else self._plain

        def take() -> None:
            timer.cancel()
            taken = min(most, self.waiting.get(queue, 0))
            if taken:
                self.waiting[queue] -= taken
            ids = [self._id() for _ in range(taken)]
            answer = ", ".join([message % (each, f"receipt-of-{each}" * 4) for each in ids])
            respond(f'{{"Messages": [{answer}]}}'.encode() if ids else b"{}")

        def give_up() -> None:
            self._polls[queue].remove(take)
            take()

        timer = asyncio.get_running_loop().call_later(wait, give_up)
        if wait and not self.waiting.get(queue):
            self._polls[queue].append(take)
        else:
            take()

    @staticmethod
    def _id() -> str:
        return f"{next(_NUMBERS):08x}-6a53-4bb5-8d5c-0a9f5a0d7b11"


def _number(pattern: re.Pattern[bytes], text: bytes, default: int) -> int:
    found = pattern.search(text)
    return int(found[1]) if found else default


class Connection(asyncio.Protocol):
    """One connection, whose requests come one after another."""

    def __init__(self, canned: Canned, delay: float) -> None:
        self._canned, self._delay = canned, delay
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, found, rest = self._read.partition(b"\r\n\r\n")
        length = _number(_LENGTH, head, 0)
        if found and len(rest) >= length:
            self._read = rest[length:]
            self._answer(head, rest[:length])

    def _answer(self, head: bytes, body: bytes) -> None:
        if target := _TARGET.search(head):
            self._canned.sqs(target[1].decode(), body, partial(self._respond, "application/x-amz-json-1.0"))
        elif action := _ACTION.search(body):
            self._canned.sns(action[1].decode(), body, partial(self._respond, "text/xml"))
        elif head.startswith(b"POST /fill "):
            asked = json.loads(body)
            self._canned.add(asked["queue"], asked["messages"])
            self._respond("application/json", b"{}")
        elif head.startswith(b"GET /credentials "):
            self._respond("application/json", json.dumps(CREDENTIALS).encode())
        else:
            self._respond("application/json", json.dumps(self._canned.calls).encode())

    def _respond(self, content_type: str, body: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\nx-amzn-RequestId: 5f1c3d0e\r\nContent-Type: {content_type}\r\n"
        answer = (
            f"{head}Content-Length: {len(body)}\r\nDate: Fri, 27 Nov 2026 08:00:00 GMT\r\n\r\n".encode()
            + body
        )
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._transport.write, answer)
        else:
            self._transport.write(answer)


async def serve(port: int, delay_ms: float) -> None:
    canned, loop = Canned(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(canned, delay_ms / 1000), "127.0.0.1", port)
    canned.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    print(canned.url, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--port", type=int, default=0)
    made.add_argument("--delay-ms", type=float, default=0)
    asyncio.run(serve(**vars(made.parse_args())))
