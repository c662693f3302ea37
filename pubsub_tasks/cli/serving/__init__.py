"""From a worker command's flags to running workers."""
