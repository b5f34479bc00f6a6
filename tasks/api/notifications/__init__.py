"""Serve the endpoints of notifications."""
