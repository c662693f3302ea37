"""What applications need to test their tasks: a clock to turn, and a world in memory."""
