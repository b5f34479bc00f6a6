"""Read clicks from the Redis stream and store each exactly once."""
