"""The partitioned tables of clicks, and how rows are written to them."""
