"""Serve link checks and the metadata of pages."""
