"""Runs several worker processes: starts them, restarts those that crash, and passes signals on.

Each child runs the command line anew, since a fork of a process with threads and clients is not usable. Each
has its own process group, so that Ctrl-C reaches it once, through the supervisor.
"""

import logging
import selectors
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..lifecycle import forks, last_resort
from .child_process import NEVER, ChildProcess
from .exit_codes import BAD_INPUT, CRASHED, INCOMPLETE, RECYCLE, SUCCESS
from .supervised_process import ProcessShare

logger = logging.getLogger(__name__)

MARGIN = 5.0
"""Seconds beyond the grace period after which a child that has not ended is killed."""

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Supervisor:
    """Runs a command once for each share, until all are done, one cannot continue, or a signal arrives.

    Args:
        command: the command line of a child.
        shares: the work of each child.
        grace: seconds for which a child may finish its work after the first signal.
        environment: the environment variables of the children.
        margin: seconds beyond `grace` after which a child is killed.
        reloads: a child that ends waits for `reload` instead of being given up.

    Attributes:
        on_metrics: called with the name of a child and the metrics that it reports at its end.
    """

    def __init__(
        self,
        command: Sequence[str],
        shares: Sequence[ProcessShare],
        grace: float,
        environment: Mapping[str, str],
        margin: float = MARGIN,
        reloads: bool = False,
    ) -> None:
        self.children = [ChildProcess(share) for share in shares]
        self.totals: Counter[str] = Counter()
        self._command = command
        self._environment = environment
        self._grace = grace
        self._margin = margin
        self._reloads = reloads
        self.on_metrics: Callable[[str, Any], None] = lambda name, metrics: None
        self._reload_requested = False
        self._selector = selectors.DefaultSelector()
        self._received_signals: list[int] = []
        self._first_reported = False
        self.stopping = False
        self._code = SUCCESS

    def run(self) -> int:
        """Supervise until all children have ended, and return the exit code."""
        with self._wake_on_signals():
            while any(child.process or child.starts_at is not None for child in self.children):
                self._start_due(time.monotonic())
                self._wait_for_events()
                self._handle_signals()
                self._handle_reload()
                self._reap_ended()
                self._kill_overdue(time.monotonic())
        self._selector.close()
        counts = ", ".join(f"{name} {count}" for name, count in self.totals.items())
        last_resort.log(
            logger,
            logging.INFO,
            "%s ended: %s",
            "the process" if len(self.children) == 1 else f"all {len(self.children)} processes",
            counts or "nothing was received",
            extra={"counts": dict(self.totals)},
        )
        return self._code

    def reload(self) -> None:
        """Restart all children because their sources changed. Safe to call from any thread."""
        self._reload_requested = True

    def _start_due(self, now: float) -> None:
        # The first child starts alone, so that a bad command line is reported once.
        self._first_reported = self._first_reported or bool(self.children[0].reported)
        for child in self.children if self._first_reported else self.children[:1]:
            if child.process is None and child.starts_at is not None and child.starts_at <= now:
                self._start(child, now)

    def _start(self, child: ChildProcess, now: float) -> None:
        try:
            child.start(self._command, self._environment, now)
        except OSError as error:  # such as a limit of processes: the other children go on
            logger.error("%s: cannot be started: %s", child.share.name, error)
            self._handle_exit(child, CRASHED, now)
        else:
            self._selector.register(child.pipe, selectors.EVENT_READ, child)

    def _wait_for_events(self) -> None:
        times = [each for child in self.children for each in (child.kill_at, child.starts_at) if each]
        timeout = min(times) - time.monotonic()
        for key, _ in self._selector.select(max(0.01, min(1.0, timeout))):
            if isinstance(key.data, ChildProcess):
                self._add_reports(key.data)
            else:
                key.data.recv(1024)

    def _add_reports(self, child: ChildProcess) -> None:
        for report in child.read_reports():
            self.totals.update(report.get("summary", {}))
            if "metrics" in report:
                self.on_metrics(child.share.name, report["metrics"])

    def _handle_signals(self) -> None:
        while self._received_signals:
            self._received_signals.pop(0)
            self._stop(self._grace if not self.stopping else 0.0)

    def _handle_reload(self) -> None:
        if not self._reload_requested or self.stopping:
            return
        self._reload_requested = False
        logger.info("sources changed: restarting all processes")
        for child in self.children:
            child.terminate(time.monotonic() + self._grace + self._margin)
            child.starts_at = time.monotonic()

    def _stop(self, grace: float) -> None:
        self.stopping = True
        for child in self.children:
            child.terminate(time.monotonic() + grace + self._margin)
            child.starts_at = None

    def _reap_ended(self) -> None:
        for child in self.children:
            if child.process is None or child.process.poll() is None:
                continue
            self._add_reports(child)
            self._selector.unregister(child.pipe)
            self._handle_exit(child, child.reap(), time.monotonic())

    def _handle_exit(self, child: ChildProcess, code: int, now: float) -> None:
        ended_with = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        if self.stopping:
            # A child that had not yet installed its signal handlers dies of the first signal, with nothing
            # in flight.
            is_clean = code in (SUCCESS, RECYCLE, -signal.SIGTERM)
            self._code = self._code or (SUCCESS if is_clean else INCOMPLETE)
        elif self._reloads:
            if child.starts_at is None:
                child.starts_at = NEVER
                logger.warning("%s: ended with %s, waiting for a change", child.share.name, ended_with)
        else:
            self._restart_or_stop(child, code, ended_with, now)

    def _restart_or_stop(self, child: ChildProcess, code: int, ended_with: str, now: float) -> None:
        delay = child.restarts.delay_after(code, now - child.started_at)
        if delay is not None:
            child.starts_at = now + delay
            level = logging.INFO if code == RECYCLE else logging.ERROR
            logger.log(level, "%s: ended with %s, restarting in %g s", child.share.name, ended_with, delay)
        elif code != SUCCESS:
            logger.error(
                "%s: ended with %s and is not restarted: stopping all processes", child.share.name, ended_with
            )
            self._code = BAD_INPUT if code == BAD_INPUT else CRASHED
            self._stop(self._grace)

    def _kill_overdue(self, now: float) -> None:
        for child in self.children:
            if now >= child.kill_at:
                child.kill_at = NEVER
                child.send_signal(signal.SIGKILL)

    @contextmanager
    def _wake_on_signals(self) -> Iterator[None]:
        """Wake the selector on signals and when a child ends."""
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        self._selector.register(reader, selectors.EVENT_READ, reader)
        previous = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            with forks.handled_signals(dict.fromkeys((*SIGNALS, signal.SIGCHLD), self._on_signal)):
                yield
        finally:
            signal.set_wakeup_fd(previous)
            reader.close()
            writer.close()

    def _on_signal(self, number: int, frame: object) -> None:
        if number in SIGNALS:
            self._received_signals.append(number)
