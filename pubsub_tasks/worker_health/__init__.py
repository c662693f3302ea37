"""Reports how a worker is doing: counters, failing calls, warnings and its status."""
