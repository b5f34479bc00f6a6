"""Serve the endpoints, with a module for each resource."""
