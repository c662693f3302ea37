"""The settings of `pubsub-tasks plan`, `apply` and `export` in the object graph."""

from collections.abc import Mapping
from typing import Any

from microcosm.api import typed
from microcosm.config.types import boolean, comma_separated_list

from .connections import Graph, factory, json_object


@factory(
    "pubsub_provisioning",
    owner=typed(str, default_value=None),
    tags=typed(json_object, default_factory=dict),
    retention=typed(int, default_value=345_600),
    kms_key=typed(str, default_value=None),
    alarms=typed(boolean, default_value=False),
    alarm_age=typed(int, default_value=900),
    alarm_actions=typed(comma_separated_list, default_value=""),
)
def configure_provisioning(graph: Graph) -> Mapping[str, Any]:
    """The configured values; `cli/provisioning` makes settings of them. Times in seconds."""
    config: Mapping[str, Any] = graph.config.pubsub_provisioning
    return config
