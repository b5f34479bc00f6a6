"""Manage grids and links: layout, imports, link checks and the public tier."""
