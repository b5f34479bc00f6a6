"""The `exports/` part of the API."""
