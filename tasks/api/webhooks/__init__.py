"""Serve the endpoints of webhooks and their deliveries."""
