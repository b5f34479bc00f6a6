"""Serve the endpoints of schedules."""
