"""What the doctor looks at: what is wanted, what stands, and what surrounds it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..provisioning.resources import Found, Key, Resource, StandingResource


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands that mend. `app` are the options that name app and prefix, as they were given."""

    app: str

    def apply(self, resource: Resource | None = None, standing: StandingResource | None = None) -> str:
        """The command that makes a resource as it is wanted; one without an owner's tag has to be adopted."""
        adopts = standing is not None and resource is not None and resource.tags and standing.owner is None
        adopt = f" --adopt {standing.key.name}" if adopts and standing is not None else ""
        return f"pubsub-tasks apply {self.app}{adopt}"

    def export_iam(self) -> str:
        """The command that writes the permissions that are needed."""
        return f"pubsub-tasks export --iam {self.app}"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What surrounds the resources.

    Attributes:
        region: of the credentials.
        queue_regions: regions by queue URL, as far as a URL names one.
        clock_skew: seconds that this machine's clock is ahead of AWS's; None if not known.
        credentials_expire: seconds until the credentials expire; None if not known.
        refused: why calls that were tried are refused, by permission.
        untried: permissions that cannot be tried without effect.
    """

    region: str = ""
    queue_regions: Mapping[str, str] = field(default_factory=dict)
    clock_skew: float | None = None
    credentials_expire: float | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    untried: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checkup:
    """All that is known for a diagnosis.

    Attributes:
        wanted: the resources that the application needs.
        found: those that stand.
        pending: subscriptions that are not confirmed.
        attempts: of the tasks' policies, by queue name; None for no limit.
        media_types: that the application knows, by topic ARN.
        lease: seconds for which the worker leases a message.
        max_size: bytes of the largest message that the producer sends.
        has_scheduler: whether EventBridge Scheduler is configured.
    """

    wanted: tuple[Resource, ...]
    found: Found
    commands: Commands
    attempts: Mapping[str, tuple[int | None, ...]] = field(default_factory=dict)
    media_types: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pending: frozenset[Key] = frozenset()
    lease: int = 30
    max_size: int = 262_144
    has_scheduler: bool = False
    surroundings: Surroundings = Surroundings()

    def needed(self, key: Key) -> Resource | None:
        """The wanted resource of a key."""
        return next((resource for resource in self.wanted if resource.key == key), None)

    def standing(self, kind: str) -> list[tuple[Resource, StandingResource]]:
        """The wanted resources of a kind that stand."""
        return [
            (resource, self.found[resource.key])
            for resource in self.wanted
            if resource.key.kind == kind and resource.key in self.found
        ]
