"""Workers in processes: one service, the supervisor, restarts."""
