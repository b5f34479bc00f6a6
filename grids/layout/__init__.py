"""Places of tiles on a grid: which cells are taken, and the lock that keeps it so."""
