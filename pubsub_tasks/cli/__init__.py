"""The command lines: flags in, plain words and exit codes out. Nothing is decided here."""
