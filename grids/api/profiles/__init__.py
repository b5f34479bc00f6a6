"""Serve the public profiles of users."""
