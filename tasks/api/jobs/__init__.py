"""Serve the endpoints of jobs and their files."""
