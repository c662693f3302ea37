"""Exit codes of the commands and of worker processes."""

SUCCESS = 0
"""All work asked for is done, or a shutdown finished within its grace period."""

INCOMPLETE = 1
"""Work was left undone, and the same call may succeed later.

Handlers still ran at shutdown, whose messages become visible again; or lines or letters could not be handled;
or the service did not answer.
"""

BAD_INPUT = 2
"""The command line or configuration is invalid; a restart does not help."""

CHANGES_WANTED = 3
"""`plan --check` found something to do."""

CRASHED = 70
"""A fault of this library. Source: EX_SOFTWARE in sysexits.h."""

INTERRUPTED = 130
"""Ctrl-C ended a command. Source: POSIX shells, 128 and the number of SIGINT."""

RECYCLE = 75
"""The process asks to be replaced by a new one. Source: EX_TEMPFAIL in sysexits.h."""
