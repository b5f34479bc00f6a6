"""Serve imports of link files."""
