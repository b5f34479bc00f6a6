"""Serve the endpoint that starts exports."""
