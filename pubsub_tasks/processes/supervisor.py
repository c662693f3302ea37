"""Supervisor: several worker processes under one. It starts them, restarts what dies, and passes signals on.

A child is the same command line, started anew: forking a process that has threads and clients is no start at
all. Each has a process group of its own, so that Ctrl-C reaches them once, from here.
"""

import json
import logging
import os
import selectors
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..lifecycle import forks, last_resort
from .restarts import BAD_INPUT, CRASHED, CUT, DONE, WORN, Restarts
from .supervised_process import ProcessShare

logger = logging.getLogger(__name__)

MARGIN = 5.0
"""Seconds more than its grace that a child gets to end, before it is killed."""

NEVER = float("inf")

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Child:
    """One part, and the process that does it at present."""

    def __init__(self, part: ProcessShare) -> None:
        self.part = part
        self.restarts = Restarts()
        self.process: subprocess.Popen[bytes] | None = None
        self.starts_at: float | None = 0.0
        self.started_at = 0.0
        self.kill_at = NEVER
        self.code = DONE
        self.said: dict[str, Any] = {}
        self._pipe = -1
        self._heard = b""

    def start(self, command: Sequence[str], environment: Mapping[str, str], now: float) -> int:
        """Start it; returns the pipe that it reports on."""
        self._pipe, theirs = os.pipe()
        os.set_blocking(self._pipe, False)
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            env={**environment, **self.part.environment(theirs)},
            pass_fds=(theirs,),
            process_group=0,
        )
        os.close(theirs)
        self.started_at, self.starts_at, self.kill_at, self.said = now, None, NEVER, {}
        logger.info("%s: started, pid %d", self.part.name, self.process.pid)
        return self._pipe

    def hear(self) -> list[dict[str, Any]]:
        """What it said since."""
        try:
            while some := os.read(self._pipe, 65_536):
                self._heard += some
        except BlockingIOError:
            pass
        *lines, self._heard = self._heard.split(b"\n")
        said = [json.loads(line) for line in lines]
        for each in said:
            self.said |= each
        return said

    def end(self, latest: float) -> None:
        """Ask it to end, and remember when it is to be killed."""
        self.kill_at = latest
        self.send(signal.SIGTERM)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.process is not None:
            self.process.send_signal(number)

    def bury(self) -> int:
        """It ended: its exit code."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.code = self.process.wait()
        self.process.stdin.close()
        os.close(self._pipe)
        self.process, self._heard = None, b""
        return self.code


class Supervisor:
    """Runs a command once for each part until all are done, one cannot go on, or a signal says to stop.

    `grace` is what a child has after the first signal, and `margin` what it has more before it is killed, in
    seconds. With `reloads` one that ends is not given up: it waits for `again`.
    """

    def __init__(
        self,
        command: Sequence[str],
        parts: Sequence[ProcessShare],
        grace: float,
        environment: Mapping[str, str],
        margin: float = MARGIN,
        reloads: bool = False,
    ) -> None:
        self.children = [Child(part) for part in parts]
        self.totals: Counter[str] = Counter()
        self._command = command
        self._environment = environment
        self._grace = grace
        self._margin = margin
        self._reloads = reloads
        self._changed = False
        self._selector = selectors.DefaultSelector()
        self._asked: list[int] = []
        self._begun = False
        self.stopping = False
        self._code = DONE

    def run(self) -> int:
        """Supervise; returns the exit code."""
        with self._signals():
            while any(child.process or child.starts_at is not None for child in self.children):
                self._start(time.monotonic())
                self._listen()
                self._pass_signals_on()
                self._reload()
                self._bury()
                self._kill(time.monotonic())
        self._selector.close()
        told = ", ".join(f"{name} {count}" for name, count in self.totals.items())
        last_resort.log(
            logger,
            logging.INFO,
            "%s ended: %s",
            "the process" if len(self.children) == 1 else f"all {len(self.children)} processes",
            told or "nothing was received",
            extra={"counts": dict(self.totals)},
        )
        return self._code

    def again(self) -> None:
        """Start all anew: what they run has changed. Called by any thread."""
        self._changed = True

    def _start(self, now: float) -> None:
        # The first goes ahead alone: what is wrong with the call is then said once.
        self._begun = self._begun or bool(self.children[0].said)
        for child in self.children if self._begun else self.children[:1]:
            if child.process is None and child.starts_at is not None and child.starts_at <= now:
                pipe = child.start(self._command, self._environment, now)
                self._selector.register(pipe, selectors.EVENT_READ, child)

    def _listen(self) -> None:
        times = [each for child in self.children for each in (child.kill_at, child.starts_at) if each]
        until = min(times) - time.monotonic()
        for key, _ in self._selector.select(max(0.01, min(1.0, until))):
            if isinstance(key.data, Child):
                self._hear(key.data)
            else:
                key.data.recv(1024)

    def _hear(self, child: Child) -> None:
        for said in child.hear():
            self.totals.update(said.get("summary", {}))

    def _pass_signals_on(self) -> None:
        while self._asked:
            self._asked.pop(0)
            self._stop(self._grace if not self.stopping else 0.0)

    def _reload(self) -> None:
        if not self._changed or self.stopping:
            return
        self._changed = False
        logger.info("sources changed: all are started anew")
        for child in self.children:
            child.end(time.monotonic() + self._grace + self._margin)
            child.starts_at = time.monotonic()

    def _stop(self, grace: float) -> None:
        self.stopping = True
        for child in self.children:
            child.end(time.monotonic() + grace + self._margin)
            child.starts_at = None

    def _bury(self) -> None:
        for child in self.children:
            if child.process is None or child.process.poll() is None:
                continue
            self._hear(child)
            self._selector.unregister(child._pipe)
            self._mourn(child, child.bury(), time.monotonic())

    def _mourn(self, child: Child, code: int, now: float) -> None:
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        if self.stopping:
            # One that had no time yet to take signals dies of the first, and has nothing in hand.
            self._code = self._code or (DONE if code in (DONE, WORN, -signal.SIGTERM) else CUT)
            return
        if self._reloads:
            if child.starts_at is None:
                child.starts_at = NEVER
                logger.warning("%s: ended with %s, and waits for a change", child.part.name, how)
            return
        pause = child.restarts.ended(code, now - child.started_at)
        if pause is not None:
            child.starts_at = now + pause
            level = logging.INFO if code == WORN else logging.ERROR
            logger.log(level, "%s: ended with %s, is started again in %g s", child.part.name, how, pause)
        elif code != DONE:
            logger.error("%s: ended with %s and is given up, so all are stopped", child.part.name, how)
            self._code = BAD_INPUT if code == BAD_INPUT else CRASHED
            self._stop(self._grace)

    def _kill(self, now: float) -> None:
        for child in self.children:
            if now >= child.kill_at:
                child.kill_at = NEVER
                child.send(signal.SIGKILL)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Be woken by signals, and by children that end."""
        ours, wakes = socket.socketpair()
        ours.setblocking(False)
        wakes.setblocking(False)
        self._selector.register(ours, selectors.EVENT_READ, ours)
        waker = signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
        try:
            with forks.handled_signals(dict.fromkeys((*SIGNALS, signal.SIGCHLD), self._take)):
                yield
        finally:
            signal.set_wakeup_fd(waker)
            ours.close()
            wakes.close()

    def _take(self, number: int, frame: object) -> None:
        if number in SIGNALS:
            self._asked.append(number)
