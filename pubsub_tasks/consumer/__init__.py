"""Messages consumed by hand, one receive at a time, in the calling thread."""
