"""Serve the REST endpoints of grids, links, imports, checks and profiles."""
