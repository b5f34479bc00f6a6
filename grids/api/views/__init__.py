"""The views, a module per kind of thing."""
