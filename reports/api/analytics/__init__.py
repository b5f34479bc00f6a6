"""Endpoints for the analytics and the click ledger of grids and links."""
