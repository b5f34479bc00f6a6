"""Manage users and their API tokens."""
