"""From a topology and settings to the resources that AWS must have. No I/O."""
