"""Turn the fields of a stream entry into a visit and its target."""
