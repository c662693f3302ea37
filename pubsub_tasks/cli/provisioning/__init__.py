"""The commands `plan`, `apply` and `export`."""
