"""Dead letters: what a copy carries, how it is read, selected, edited and sent back. No I/O."""
