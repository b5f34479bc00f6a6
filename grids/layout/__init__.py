"""Place tiles on a grid: find free cells, and lock grids for changes."""
