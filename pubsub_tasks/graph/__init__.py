"""The microcosm object graph: importing this binds the components under microcosm-pubsub's names."""

from ..graph import components

__all__ = ["components"]
