"""Back ends and upkeep of the caches."""
