"""How a process forks, how it ends, and its last log lines."""
