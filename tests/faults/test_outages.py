"""What a worker lives through in one piece: a broker that is away for a while, credentials that expire."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pubsub_tasks.transports.aws.clients import ClientSettings
from tests.faults.conftest import Survived
from tests.faults.effects import effects
from tests.faults.ledger import Ledger
from tests.faults.proxy import Fault, Proxy
from tests.faults.world import World, all_done, consuming, judge, until

pytestmark = pytest.mark.timeout(300)  # it waits for processes and leases, on however busy a machine

COUNT = 120
PACE = 0.01


def test_a_broker_that_is_away_for_a_while_costs_no_message(
    world: World, ledger: Ledger, survived: Survived, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a worker in the middle of its work
    world.publish(range(COUNT))
    with Proxy(world.url) as proxy:
        settings = ClientSettings(endpoint_url=proxy.url, attempts=1, read_timeout=2.0)
        with consuming(world, effects(ledger, PACE), settings):
            until(lambda: ledger.count() >= COUNT // 4)
            # When the broker cannot be reached for so long that every lease ends
            proxy.down()
            in_hand = world.in_flight()
            world.publish(range(COUNT, 2 * COUNT))
            until(lambda: "fails, and is tried again until it works" in caplog.text)
            until(lambda: not world.in_flight())
            # and then is back
            proxy.up()
            all_done(world, ledger, range(2 * COUNT))
    # Then all is done, and twice only what was in hand
    survived(f"{judge(world, ledger, range(2 * COUNT), excused=in_hand)} by what was in hand")


def test_credentials_that_expire_and_are_renewed_cost_no_message(
    world: World, ledger: Ledger, survived: Survived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a worker whose credentials come from a command, and end
    given = tmp_path / "given.json"
    config = tmp_path / "config"
    config.write_text(f"[profile renewed]\nregion = us-east-1\ncredential_process = cat {given}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    give(given, "OLD")
    world.publish(range(COUNT))
    with Proxy(world.url) as proxy:
        settings = ClientSettings(endpoint_url=proxy.url, profile="renewed")
        with consuming(world, effects(ledger, PACE), settings):
            until(lambda: ledger.count() >= COUNT // 4)
            # When the service takes them no more, until there are new ones
            proxy.expired.add("OLD")
            until(lambda: proxy.met["ReceiveMessage", Fault.EXPIRED] > 0)
            give(given, "NEW")
            world.publish(range(COUNT, 2 * COUNT))
            all_done(world, ledger, range(2 * COUNT))
    # Then it went on with those
    told = judge(world, ledger, range(2 * COUNT), excused=proxy.touched)
    survived(f"{told}; {proxy.told()}")


def give(path: Path, key_id: str) -> None:
    """What the command prints from now on. An end so near makes boto3 ask anew before each call."""
    end = datetime.now(UTC) + timedelta(minutes=5)
    told = {"Version": 1, "AccessKeyId": key_id, "SecretAccessKey": "s", "SessionToken": "t"}
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({**told, "Expiration": end.isoformat()}))
    fresh.replace(path)
