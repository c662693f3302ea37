"""How a worker is doing: counts, failing calls, warnings."""
