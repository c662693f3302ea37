"""Which topic each media type is published to. Nothing here checks that the topic exists."""

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
    """Topic ARNs by media type.

    Attributes:
        arns: by media type.
        prefix: for other media types, the start of an ARN that ends with the media type's encoded name.
        default: for other media types, if there is no prefix.
        is_fifo: returns whether the topic of a media type that `prefix` makes is FIFO, and ends with `.fifo`.
    """

    arns: Mapping[str, str] = field(default_factory=dict)
    prefix: str | None = None
    default: str | None = None
    is_fifo: Callable[[str], bool] = _standard

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """Read the configuration of `sns_topic_arns`.

        Its keys are `mappings`, `prefix` and `default`; media types; and, as in microcosm-pubsub, `created`,
        `changed` and `deleted` with ARNs by resource. Raises ConfigurationError if an ARN is not a string.
        """
        arns = {key: value for key, value in config.items() if "/" in key} | dict(
            config.get("mappings") or {}
        )
        for change, media_type in _CHANGES.items():
            arns |= {media_type(resource): arn for resource, arn in _leaves(config.get(change) or {})}
        for configured, arn in arns.items():
            if not isinstance(arn, str):
                raise ConfigurationError(
                    f"sns_topic_arns: the topic of {configured} must be an ARN, not {arn!r}"
                )
        return cls(arns, config.get("prefix"), config.get("default"))

    def arn(self, media_type: str) -> str:
        """The ARN of the topic of a media type. Raises TopicNotDefinedError."""
        found = self.arns.get(media_type)
        if found is None and self.prefix:
            found = self.prefix + topic_name(media_type) + (FIFO if self.is_fifo(media_type) else "")
        found = found or self.default
        if found is None:
            raise TopicNotDefinedError(
                f"no topic for {media_type}: give its ARN in sns_topic_arns, or a prefix or default for all, "
                "such as PUBSUB_TASKS__SNS_TOPIC_ARNS__PREFIX=arn:aws:sns:eu-west-1:123456789012:shop-, or "
                "as `pubsub-worker --local` prints it for a broker on this machine"
            )
        return found


def _leaves(tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Values of nested mappings by dotted key: an environment variable cannot have a dot in its name."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}.{rest}", leaf) for rest, leaf in _leaves(value))
        else:
            yield key, value
