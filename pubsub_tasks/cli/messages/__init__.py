"""Commands that publish messages and look at them: `publish`, `peek`, `tail`."""
