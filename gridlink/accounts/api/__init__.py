"""Serve `auth/` and `account/` of the API."""
