"""Endpoints for jobs and their files."""
