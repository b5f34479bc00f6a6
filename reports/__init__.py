"""Clicks and their analytics, exports and reports."""
