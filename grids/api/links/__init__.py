"""Serve links, one by one and in bulk."""
