"""One worker process as its supervisor sees it: started, signalled, read and reaped."""

import json
import logging
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from .exit_codes import SUCCESS
from .restarts import Restarts
from .supervised_process import ProcessShare

logger = logging.getLogger(__name__)

NEVER = float("inf")


class ChildProcess:
    """One share of the work, and the process that does it at present.

    Attributes:
        process: the running process, or None.
        starts_at: when to start the next process; None if none is to be started.
        started_at: when the current process was started.
        kill_at: when to kill the current process, `NEVER` unless it was told to terminate.
        pipe: the descriptor that the current process reports on.
        code: how the last process ended: an exit code, or the negative number of a signal.
        reported: everything that the current process reported, by key.

    Times are `time.monotonic()` seconds.
    """

    def __init__(self, share: ProcessShare) -> None:
        self.share = share
        self.restarts = Restarts()
        self.process: subprocess.Popen[bytes] | None = None
        self.starts_at: float | None = 0.0
        self.started_at = 0.0
        self.kill_at = NEVER
        self.pipe = -1
        self.code = SUCCESS
        self.reported: dict[str, Any] = {}
        self._unread = b""

    def start(self, command: Sequence[str], environment: Mapping[str, str], now: float) -> None:
        """Start a process for this share, and open the pipe that it reports on. Raises OSError."""
        self.started_at, self.starts_at, self.kill_at, self.reported = now, None, NEVER, {}
        self.pipe, its_end = os.pipe()
        os.set_blocking(self.pipe, False)
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                env={**environment, **self.share.environment(its_end)},
                pass_fds=(its_end,),
                process_group=0,
            )
        except OSError:
            os.close(self.pipe)
            raise
        finally:
            os.close(its_end)
        logger.info("%s: started, pid %d", self.share.name, self.process.pid)

    def read_reports(self) -> list[dict[str, Any]]:
        """Return the reports that arrived since the last call, without blocking."""
        try:
            while chunk := os.read(self.pipe, 65_536):
                self._unread += chunk
        except BlockingIOError:
            pass
        *lines, self._unread = self._unread.split(b"\n")
        reports = [json.loads(line) for line in lines]
        for report in reports:
            self.reported |= report
        return reports

    def terminate(self, kill_at: float) -> None:
        """Send SIGTERM. The supervisor kills the process at `kill_at`."""
        self.kill_at = kill_at
        self.send_signal(signal.SIGTERM)

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal if the process runs."""
        if self.process is not None:
            self.process.send_signal(number)

    def reap(self) -> int:
        """Close the pipes of a process that ended, and return its exit code."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.code = self.process.wait()
        self.process.stdin.close()
        os.close(self.pipe)
        self.process, self._unread = None, b""
        return self.code
