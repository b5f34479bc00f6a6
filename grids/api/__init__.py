"""REST endpoints for grids, links, imports and profiles."""
