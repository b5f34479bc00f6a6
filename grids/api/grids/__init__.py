"""Serve grids and their layouts."""
