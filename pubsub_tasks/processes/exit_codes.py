"""Exit codes of a worker process."""

SUCCESS = 0
"""All work asked for is done, or a shutdown finished within its grace period."""

INCOMPLETE = 1
"""The process was stopped while handlers still ran; their messages become visible again."""

BAD_INPUT = 2
"""The command line or configuration is invalid; a restart does not help."""

CRASHED = 70
"""A fault of this library. Source: EX_SOFTWARE in sysexits.h."""

RECYCLE = 75
"""The process asks to be replaced by a new one. Source: EX_TEMPFAIL in sysexits.h."""
