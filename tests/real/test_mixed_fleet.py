"""Today's release and the previous one in one fleet: each reads what the other publishes, retries and buries.

With each release, PREVIOUS becomes the commit of the one before it.
"""

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from pubsub_tasks.environments.local_broker import environment, local_topology, queues
from pubsub_tasks.local.server import ACCOUNT, REGION
from pubsub_tasks.provisioning.provisioned import provision
from pubsub_tasks.provisioning.reading.boto_api import boto_api
from pubsub_tasks.provisioning.resources import Place
from pubsub_tasks.transports.aws.clients import ClientSettings
from pubsub_tasks.transports.aws.transport import AwsTransport
from pubsub_tasks.wire.records import MAX_DELAY
from pubsub_tasks.wire.resend_attribute import RESENT
from tests.real import fleet_app
from tests.real.fleet import REPOSITORY, Fleet, Line, Release, SettableBroker
from tests.real.fleet_app import CRATES, DELAY, HOUR, MEETS, NINE_ATTRIBUTES, PARCELS, REFUSES

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

PREVIOUS = "3996f56411f4445032b26e38ae331f3022a5de2a"
BUCKET = "large-messages"


@pytest.fixture(scope="module")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the previous release."""
    home = tmp_path_factory.mktemp("previous")
    tar = home / "release.tar"
    done = subprocess.run(
        ["git", "-C", REPOSITORY, "archive", "--output", tar, PREVIOUS, "pubsub_tasks"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"the previous release, {PREVIOUS:.7}, is not in this clone: {done.stderr.strip()}")
    subprocess.run(["tar", "--extract", "--file", tar, "--directory", home], check=True)
    return home


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def fleet(previous: Path, s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    broker = SettableBroker()
    env = environment(broker.url)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3", endpoint_url=s3_url).create_bucket(Bucket=BUCKET)
    with broker.running():
        place = Place(REGION, ACCOUNT, queue_urls=queues(broker.url))
        transport = AwsTransport(ClientSettings(endpoint_url=broker.url))
        provisioned = provision(local_topology(fleet_app.tasks), place, boto_api(transport.client))
        fifo = {name: arn for name, arn in provisioned.topic_arns.items() if arn.endswith(".fifo")}
        claims = {
            "PUBSUB_TASKS__PUBSUB_CLAIMS__BUCKET": BUCKET,
            "PUBSUB_TASKS__PUBSUB_CLAIMS__ENDPOINT_URL": s3_url,
        }
        yield Fleet(broker, environment(broker.url, fifo) | claims, previous, tmp_path / "ledger")


@pytest.fixture(params=["today first", "previous first"])
def pair(request: pytest.FixtureRequest, fleet: Fleet) -> tuple[Release, Release]:
    """Both releases, in either order."""
    pair = fleet.today, fleet.previous
    return pair if request.param == "today first" else pair[::-1]


def test_either_release_goes_on_with_what_the_other_began(
    fleet: Fleet, pair: tuple[Release, Release], tmp_path: Path
) -> None:
    # Given what one release has published, tried once, and dead-lettered
    one, other = pair
    one.publish(fleet_app.publish_parcels)
    sent = {line["name"]: line for line in fleet.lines()}
    one.work(PARCELS, "--once", "--concurrency", "10", env={REFUSES: "yes"})
    assert {line["name"] for line in fleet.lines()} == sent.keys() - {"delayed", "expired"}

    # When both look after its dead letters, through a file too, and the other release works
    file = str(tmp_path / "letters.jsonl")
    one.dlq(["redrive", "--reason", "expired", "--yes"], ["export", "--output", file])
    boto3.client("sqs").purge_queue(QueueUrl=fleet.url(f"{PARCELS}-dlq"))
    printed = other.dlq(["import", file, "--yes"], ["ls", "--each", "--json"], ["redrive", "--yes"])
    fleet.broker.later = DELAY
    other.work(PARCELS, "--drain")

    # Then the other has read what one says of its letters
    (listed,) = (json.loads(line) for line in printed if line.startswith("{"))
    letters = {letter["id"]: letter for letter in listed["letters"]}
    task = fleet_app.take.name
    assert {key: (each["reason"], each["error"], each["task"]) for key, each in letters.items()} == {
        sent["rejected"]["id"]: ("rejected", "not for this address", task),
        sent["failed"]["id"]: ("failed", "no such address", task),
    }
    assert 'LookupError("no such address")' in letters[sent["failed"]["id"]]["traceback"]
    # And each message has come once, and as it was published
    lines = fleet.lines()
    taken = {line["name"]: line for line in lines}
    assert len(lines) == len(taken)
    for name, line in sent.items():
        assert taken[name] | line | {"release": other.name, "package": other.package} == taken[name]
    # And what was begun is known to have begun, and what was redriven begins anew
    again = {"rejected", "failed", "expired"}
    assert {name: line["attempt"] for name, line in taken.items()} == {
        name: 1 if name in {*again, "delayed"} else 2 for name in sent
    }
    assert {name for name, line in taken.items() if line["waived"]} == again - {"failed"}  # it has no room
    # And what travels beside the content has come too
    attributes = {name: line["attributes"] for name, line in taken.items()}
    nine = {name: str(value) for name, value in NINE_ATTRIBUTES.items()}
    assert taken["plain"]["headers"]["tenant"] == "t-1"
    assert taken["plain"]["group"] == "fair"
    assert nine.items() <= attributes["ten attributes"].items()
    assert nine.items() <= attributes["failed"].items()
    assert attributes["large"].keys() == {"media_type", "ExtendedPayloadSize"}
    assert attributes["long"]["content_encoding"] == "gzip,base64"
    assert attributes["packed"]["content_type"] == "application/x-msgpack"


def test_either_release_sends_on_what_the_other_must_hand_out_later(
    fleet: Fleet, pair: tuple[Release, Release]
) -> None:
    # Given a message for later by one release, which has failed on an earlier copy, and was received once
    one, other = pair
    one.publish(fleet_app.publish_postponed)
    (sent,) = fleet.lines()
    fleet.broker.later = MAX_DELAY
    fleet.receive_and_resend(PARCELS, {RESENT: '{"first_published":1e9,"attempts":2,"waive":false}'})

    # When the other release sends a copy of it
    other.work(PARCELS, "--drain", later=MAX_DELAY)
    assert fleet.lines() == []

    # Then its author gets it when it is due, and knows since when it has been on its way
    fleet.broker.later = HOUR
    one.work(PARCELS, "--drain", later=HOUR)
    (taken,) = fleet.lines()
    assert taken | sent == taken
    assert (taken["published_at"], taken["attempt"]) == (1e9, 3)


def test_both_releases_keep_the_order_of_groups_on_one_queue(fleet: Fleet) -> None:
    # Given lanes of crates by both releases, some of which stumble once or are rejected
    for release in fleet.previous, fleet.today:
        release.publish(fleet_app.publish_crates)
    sent = [line["name"] for line in fleet.lines() if line["content"]["lane"] == "'red'"]

    # When both work at the same time, and one of them sends back what is dead
    alone, env = ("--concurrency", "1", "--prefetch", "0", "--drain"), {MEETS: "yes"}
    with (
        fleet.previous.worker(CRATES, *alone, env=env) as one,
        fleet.today.worker(CRATES, *alone, env=env) as other,
    ):
        assert (one.end(), other.end()) == (0, 0), one.output + other.output
    lines = fleet.lines()
    fleet.previous.dlq(["redrive", "--yes"], queue=CRATES)
    fleet.today.work(CRATES, "--drain")
    redriven = fleet.lines()

    # Then both had their share, and each lane came in order, with nothing twice
    assert {line["release"] for line in lines} == {"previous", "today"}
    once = [name for name in sent for _ in range(2 if "stumbles" in name else 1)]
    again = [name for name in sent if "rejected" in name]
    assert by_lane(lines) == {"red": once, "green": once, "blue": once}
    assert by_lane(redriven) == {"red": again, "green": again, "blue": again}


def by_lane(lines: list[Line]) -> dict[str, list[str]]:
    """The names of crates in the order of their attempts."""
    lanes: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        lanes[line["group"]].append(line["name"])
    return lanes
