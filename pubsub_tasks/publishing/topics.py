"""Topics: which topic a media type goes to. Plain values; asks no service whether it is there."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from ..errors import ConfigurationError, TopicNotDefinedError
from ..untrusted.queue_names import FIFO
from ..wire.media_types import changed, created, deleted, topic_name

_CHANGES = {"created": created, "changed": changed, "deleted": deleted}


def _standard(media_type: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Topics:
    """ARNs by media type; else `prefix` with the media type's encoded name added; else `default`.

    `is_fifo` tells of a media type whether its topic is a FIFO topic: `.fifo` then ends what `prefix` makes.
    """

    arns: Mapping[str, str] = field(default_factory=dict)
    prefix: str | None = None
    default: str | None = None
    is_fifo: Callable[[str], bool] = _standard

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """Read what is configured: `mappings`, `prefix`, `default`; a media type itself as a key; and, as
        microcosm-pubsub has it, `created`, `changed` and `deleted` by resource. Raises ConfigurationError.
        """
        arns = {key: value for key, value in config.items() if "/" in key} | dict(
            config.get("mappings") or {}
        )
        for change, media_type in _CHANGES.items():
            arns |= {media_type(resource): arn for resource, arn in _leaves(config.get(change) or {})}
        for media_type_of_it, arn in arns.items():
            if not isinstance(arn, str):
                raise ConfigurationError(
                    f"sns_topic_arns: the topic of {media_type_of_it} must be an ARN, not {arn!r}"
                )
        return cls(arns, config.get("prefix"), config.get("default"))

    def arn(self, media_type: str) -> str:
        """The topic's ARN. Raises TopicNotDefinedError."""
        found = self.arns.get(media_type)
        if found is None and self.prefix:
            found = self.prefix + topic_name(media_type) + (FIFO if self.is_fifo(media_type) else "")
        found = found or self.default
        if found is None:
            raise TopicNotDefinedError(
                f"no topic for {media_type}: give its ARN in sns_topic_arns, or a prefix or default for all, "
                "such as PUBSUB_TASKS__SNS_TOPIC_ARNS__PREFIX=arn:aws:sns:eu-west-1:123456789012:shop-"
            )
        return found


def _leaves(tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What stands at `a`, then `b`, as `a.b`: a variable's name holds no dots."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}.{rest}", leaf) for rest, leaf in _leaves(value))
        else:
            yield key, value
