"""From an app and its configuration to its topology, its settings and the account that they are for."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...errors import ConfigurationError
from ...provisioning.declared import declared_by
from ...provisioning.resources import Place, Resource
from ...provisioning.settings import AlarmSettings, ProvisioningSettings, SchedulerSettings
from ...provisioning.topology import Naming, Topology, build_topology
from ...provisioning.wanted.wanted_resources import wanted_resources
from ...publishing.routes import QueueUrls
from ...publishing.topics import Topics
from ...tasks.registry import Tasks
from ...transports.aws.regions import region_of_arn, region_of_url
from ..find_app import VARIABLE, find

TOPICS = "PUBSUB_TASKS__SNS_TOPIC_ARNS__PREFIX"
QUEUES = "PUBSUB_TASKS__SQS_QUEUE_URLS__PREFIX"


@dataclass(frozen=True, slots=True)
class AppResources:
    """An app's declarations and configuration.

    Attributes:
        prefix: beginning of the names of topics and queues.
        owner_is_configured: whether the configuration names the owner; by default it is the app's package,
            which another app may share.
        not_configured: the variables by which publishers and workers find topics and queues, as far as the
            configuration does not name what is made.
    """

    tasks: Tasks
    topics: Topics
    queue_urls: QueueUrls
    settings: ProvisioningSettings
    prefix: str
    region: str | None = None
    profile: str | None = None
    owner_is_configured: bool = False
    not_configured: tuple[str, ...] = (TOPICS, QUEUES)

    @classmethod
    def of(cls, spec: str | None, prefix: str | None) -> "AppResources":
        """Load an app. `prefix` takes the place of the configured one, in the same account and region.

        Raises ConfigurationError.
        """
        app = find(spec)
        graph = app.graph({}, testing=False, debug=False)
        given = graph.sns_topic_arns
        topics = given if isinstance(given, Topics) else Topics(given)
        urls: QueueUrls = graph.sqs_queue_urls
        names = _end(topics.prefix, ":"), _end(urls.prefix, "/")
        configured = [each is not None and prefix in (None, each) for each in names]
        if prefix is None:
            prefix = next((each for each in names if each is not None), "")
        else:
            topics, urls = _renamed(topics, urls, prefix)
        config = graph.config.sns_producer
        variables = zip((TOPICS, QUEUES), (topics.default or configured[0], configured[1]), strict=True)
        return cls(
            graph.sqs_message_handler_registry,
            topics,
            urls,
            _settings(graph, spec or os.environ.get(VARIABLE)),
            prefix,
            config.region_name or _region(topics, urls),
            config.profile_name,
            bool(graph.pubsub_provisioning.owner),
            tuple(name for name, is_configured in variables if not is_configured),
        )

    def topology(self, place: Place) -> Topology:
        """The topology in an account. Raises ConfigurationError if the configuration names another."""
        return build_topology(declared_by(self.tasks), self._naming(place))

    def wanted(self, place: Place) -> tuple[Resource, ...]:
        """The resources in an account. Raises ConfigurationError."""
        return wanted_resources(self.topology(place), place, self.settings)

    def configured_place(self) -> Place | None:
        """The account and region in the configured ARNs of the topics, or None without one."""
        configured = self.topics.prefix or self.topics.default
        if not configured:
            return None
        _, partition, _, region, account, _ = _parts(configured)
        suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        return Place(region, account, partition, f"https://sqs.{region}.{suffix}/{account}/")

    def environment(self, place: Place) -> Mapping[str, str]:
        """The variables with which publishers and workers find what was made, if they are not configured."""
        made = {TOPICS: place.topic_arn(self.prefix), QUEUES: place.queue_url(self.prefix)}
        return {name: value for name, value in made.items() if name in self.not_configured}

    def _naming(self, place: Place) -> Naming:
        configured, default = self.topics.prefix, self.topics.default
        arn = configured or default
        if arn and _parts(arn) and not place.has(arn):
            raise ConfigurationError(
                f"sns_topic_arns has {arn}, and the credentials are of account {place.account} "
                f"in {place.region}: use those of the other account, or another AWS_PROFILE or AWS_REGION"
            )
        shared = frozenset([default] if default and not configured else [])
        prefix = None if shared else configured or place.topic_arn(self.prefix)
        names = {name: url.rpartition("/")[2] for name, url in self.queue_urls.urls.items()}
        queue_prefix = self.queue_urls.prefix.rpartition("/")[2] if self.queue_urls.prefix else self.prefix
        return Naming(replace(self.topics, prefix=prefix).arn, shared, queue_prefix, names)


def _settings(graph: Any, spec: str | None) -> ProvisioningSettings:
    given, scheduler = graph.pubsub_provisioning, graph.config.pubsub_scheduler
    return ProvisioningSettings(
        _owner(given.owner, spec),
        given.tags,
        given.retention,
        graph.config.sqs_consumer.visibility_timeout or 30,
        graph.config.sns_producer.max_size,
        given.kms_key,
        graph.config.pubsub_claims.bucket,
        SchedulerSettings(scheduler.role_arn, scheduler.group, scheduler.dead_letter_arn)
        if scheduler.role_arn
        else None,
        AlarmSettings(given.alarm_age, tuple(given.alarm_actions)) if given.alarms else None,
    )


def _owner(configured: str | None, spec: str | None) -> str:
    if configured:
        return configured
    if spec:
        return spec.partition(":")[0].partition(".")[0]
    raise ConfigurationError(
        "who owns what is made? name the app with --app, or set pubsub_provisioning.owner, as with "
        "PUBSUB_TASKS__PUBSUB_PROVISIONING__OWNER=shop"
    )


def _parts(arn: str) -> list[str]:
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        raise ConfigurationError(f"{arn!r} in sns_topic_arns is not the ARN of a topic, or its beginning")
    return parts


def _end(beginning: str | None, separator: str) -> str | None:
    return beginning.rpartition(separator)[2] if beginning else None


def _renamed(topics: Topics, urls: QueueUrls, prefix: str) -> tuple[Topics, QueueUrls]:
    """The configured prefixes, with this one as the beginning of names. Raises ConfigurationError."""
    if topics.prefix:
        topics = replace(topics, prefix=":".join([*_parts(topics.prefix)[:-1], prefix]))
    if urls.prefix:
        urls = replace(urls, prefix=f"{urls.prefix.rpartition('/')[0]}/{prefix}")
    return topics, urls


def _region(topics: Topics, urls: QueueUrls) -> str | None:
    """The configured region, or None if no ARN or URL has one. Raises ConfigurationError if they differ."""
    given = [topics.prefix or topics.default, urls.prefix, *urls.urls.values()]
    known = [(each, region_of_arn(each) or region_of_url(each)) for each in given if each]
    known = [(each, region) for each, region in known if region]
    for each, region in known[1:]:
        if region != known[0][1]:
            raise ConfigurationError(
                f"{known[0][0]} is in {known[0][1]}, and {each} is in {region}: topics and queues are made "
                "in one region, so correct sns_topic_arns or sqs_queue_urls"
            )
    return known[0][1] if known else None
