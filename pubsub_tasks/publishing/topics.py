"""Topics: which topic a media type goes to. Plain values; asks no service whether it is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import TopicNotDefinedError
from ..media_types import topic_name


@dataclass(frozen=True, slots=True)
class Topics:
    """ARNs by media type; else `prefix` with the media type's encoded name added; else `default`."""

    arns: Mapping[str, str] = field(default_factory=dict)
    prefix: str | None = None
    default: str | None = None

    def arn(self, media_type: str) -> str:
        """The topic's ARN. Raises TopicNotDefinedError."""
        found = self.arns.get(media_type)
        if found is None and self.prefix:
            found = self.prefix + topic_name(media_type)
        found = found or self.default
        if found is None:
            raise TopicNotDefinedError(
                f"no topic for {media_type}: give its ARN in sns_topic_arns, or a prefix or default for all, "
                "such as PUBSUB_TASKS__SNS_TOPIC_ARNS__PREFIX=arn:aws:sns:eu-west-1:123456789012:shop-"
            )
        return found
