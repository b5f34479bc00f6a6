"""Read the clicks and views that owners see, by time, link, grid and value."""
