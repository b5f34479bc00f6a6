"""Endpoints for notifications."""
