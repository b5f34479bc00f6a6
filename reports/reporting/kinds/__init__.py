"""Implement the kinds of reports: each answers a query with a result."""
