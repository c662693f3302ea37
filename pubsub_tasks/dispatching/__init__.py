"""From a delivery to its verdict. No I/O."""
