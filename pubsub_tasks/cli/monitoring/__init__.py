"""Commands that watch an app while it works: `dashboard` and `top`."""
