"""The `auth/` part of the API."""
