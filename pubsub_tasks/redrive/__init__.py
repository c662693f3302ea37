"""Working with a dead-letter queue: finds it, browses and leases its letters, moves and replays them."""
