"""Read the clicks and views that owners see, by time, by link, by grid and by value."""
