"""Serve the endpoints of saved reports, their kinds and their runs."""
