"""What lies in a cache, in memory or in Redis, as bytes."""


def redis_of(cache):
    """The line to the Redis of a cache; None if it is in memory."""
    return cache._cache.get_client() if hasattr(cache._cache, "get_client") else None


def bytes_kept(cache):
    """What is kept, by its key, as it lies there."""
    client = redis_of(cache)
    if client is None:
        return dict(cache._cache)
    return {key.decode(): client.get(key) for key in client.scan_iter(f"{cache.key_prefix}:*")}
