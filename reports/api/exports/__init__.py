"""Endpoint that starts exports."""
