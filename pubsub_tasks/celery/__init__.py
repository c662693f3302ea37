"""For teams that come from Celery: `shared_task` declares tasks with `delay` and `apply_async`.

Celery need not be installed for it.
"""

from .shared_task import SentTask, SharedTask, Signature, shared_task

__all__ = ["SentTask", "SharedTask", "Signature", "shared_task"]
