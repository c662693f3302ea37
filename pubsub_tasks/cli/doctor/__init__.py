"""Commands that say how an application stands in AWS: `status` and `doctor`."""
