"""Endpoints for saved reports, their kinds and their runs."""
