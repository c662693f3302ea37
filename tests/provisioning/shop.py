"""An app with queues of each kind, its topology, and an account in the embedded broker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pubsub_tasks.errors import TransportError
from pubsub_tasks.local.rules.broker import Broker
from pubsub_tasks.local.rules.service_errors import ServiceError
from pubsub_tasks.provisioning.apply import Applied, apply_plan
from pubsub_tasks.provisioning.planning.diff import PlanOptions, make_plan
from pubsub_tasks.provisioning.planning.steps import ProvisioningPlan
from pubsub_tasks.provisioning.reading.aws_api import Api
from pubsub_tasks.provisioning.reading.read_found import read_found
from pubsub_tasks.provisioning.resources import Found, Key, Place
from pubsub_tasks.provisioning.settings import ProvisioningSettings
from pubsub_tasks.provisioning.topology import Declared, Naming, QueueSpec, Topology, build_topology
from pubsub_tasks.provisioning.wanted.wanted_resources import wanted_resources
from pubsub_tasks.publishing.topics import Topics

OWNER = "shop"
PLACE = Place("us-east-1", "000000000000", queue_urls="http://127.0.0.1:4566/000000000000/")
PREFIX = "shop-"

ORDERED = "application/vnd.shop.pubsub._.created.order"
PAID = "application/vnd.shop.pubsub._.created.payment"
MOVED = "application/vnd.shop.pubsub._.changed.stock"

SHOP = Declared(
    (
        QueueSpec("receipts", (ORDERED, PAID), (5, 3)),
        QueueSpec("search", ("application/vnd.shop.pubsub._.created.*",), (None,)),
        QueueSpec("stock.fifo", (MOVED,), (5,), grouped=True),
    ),
    (ORDERED, PAID, MOVED),
)
SETTINGS = ProvisioningSettings(OWNER)


def naming(place: Place = PLACE, prefix: str = PREFIX) -> Naming:
    """A topic for each media type."""
    topics = Topics(prefix=place.topic_arn(prefix), is_fifo=lambda media_type: media_type == MOVED)
    return Naming(topics.arn, queue_prefix=prefix)


def shared_naming(place: Place = PLACE, prefix: str = PREFIX) -> Naming:
    """One topic for all; FIFO, as one of the queues is."""
    arn = place.topic_arn(f"{prefix}events.fifo")
    return Naming(lambda media_type: arn, frozenset({arn}), prefix)


def topology(place: Place = PLACE, declared: Declared = SHOP) -> Topology:
    return build_topology(declared, naming(place))


@dataclass
class Account:
    """What an application has in an account behind an API, and how it plans and applies there."""

    api: Api
    place: Place = PLACE
    topology: Topology = field(default_factory=topology)
    settings: ProvisioningSettings = SETTINGS
    prefix: str = PREFIX

    def found(self) -> Found:
        wanted = wanted_resources(self.topology, self.place, self.settings)
        return read_found(self.api, self.place, wanted, self.prefix)

    def plan(self, **options: Any) -> ProvisioningPlan:
        wanted = wanted_resources(self.topology, self.place, self.settings)
        return make_plan(wanted, self.found(), self.settings.owner, PlanOptions(**options))

    def apply(self, **options: Any) -> Applied:
        return apply_plan(self.plan(**options), self.api)


class BrokerApi:
    """The embedded broker as an API that counts its calls, and fails where it is told to."""

    def __init__(self, broker: Broker | None = None) -> None:
        self.broker = broker or Broker()
        self.calls: list[str] = []
        self.refuse: dict[str, str] = {}
        """Error codes by the name of an action or of what it is for."""

    def __call__(self, service: str, action: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append(action)
        for told, code in self.refuse.items():
            if told == action or told in params.values():
                raise TransportError(f"{action} was refused: {code}", code=code)
        try:
            return self.broker.call(service, action, params, 0.0)
        except ServiceError as error:
            code = error.query_code if service == "sqs" else error.code
            raise TransportError(f"{action}: {error}", code=code) from error


def queue_key(name: str) -> Key:
    return Key("queue", PREFIX + name)
