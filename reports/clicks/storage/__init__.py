"""Maintain the partitioned tables of clicks, and write rows to them."""
