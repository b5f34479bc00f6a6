"""Define what can be exported: one module for each kind of row."""
