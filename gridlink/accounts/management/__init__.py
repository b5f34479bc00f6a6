"""Hold the management commands of accounts."""
