"""Exit codes of the commands, beside those of worker processes in `processes.restarts`."""

FAILED = 1
"""The service did not answer; the same call may succeed later."""

INCOMPLETE = 1
"""Only part of the work was done."""

UNHANDLED = 1
"""Some lines of a file could not be handled."""

INTERRUPTED = 130
"""Ctrl-C. Source: shell convention, 128 plus the signal's number."""
