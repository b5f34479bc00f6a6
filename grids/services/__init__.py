"""Changes to grids and links, one by one and in bulk."""
