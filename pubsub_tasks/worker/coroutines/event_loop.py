"""The event loop of a worker: its slots, and what monitors them."""

from ..coordinator import Coordinator
from ..io_threads import OnCrash, guarded_thread
from .coroutine_slots import CoroutineSlots, ProcessAsync
from .event_loop_monitor import EventLoopMonitor


class EventLoop:
    """Runs the coroutine functions of one worker, up to `slots` at a time, in a thread of its own."""

    def __init__(
        self, coordinator: Coordinator, process: ProcessAsync, slots: int, on_crash: OnCrash
    ) -> None:
        self._coordinator = coordinator
        self._slots = CoroutineSlots(coordinator, process, slots, on_crash)
        self._monitor = EventLoopMonitor(self._slots)
        self._on_crash = on_crash

    def start(self) -> None:
        """Start the event loop and its monitor, in threads of their own."""
        self._slots.start()
        guarded_thread("pubsub-loop-monitor", self._monitor.watch, self._on_crash).start()
        self._coordinator.on_coroutine_ready = self._slots.wake

    def stop(self) -> None:
        """End the event loop. Handlers that still run are cancelled."""
        self._monitor.stop()
        self._slots.stop()
