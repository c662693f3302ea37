"""Process-wide concerns: forks, bounded process exit, and log lines that must always be written."""
