"""The cache on Redis, and the removal of expired entries."""
