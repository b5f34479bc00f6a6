"""Sums of clicks by hour, day and value, kept as clicks are stored."""
