"""Requests to addresses that somebody else chose: only to the public internet, within time and size."""
