"""How the processes of an installation tell each other that somebody has news."""

from django.core.exceptions import ImproperlyConfigured

BUSES = {
    "memory": "chats.live.buses.MemoryBus",
    "sqlite": "chats.live.buses.SqliteBus",
    "redis": "chats.live.buses.RedisBus",
    "postgresql": "chats.live.buses.PostgresqlBus",
}


def bus_for(wanted: str, *, engine: str, cache_url: str, processes: int) -> str:
    """The class of the bus: the one that is `wanted`, or the quickest that reaches everybody.

    `engine` is the engine of the database, `cache_url` the address of Redis, or empty.

    Raises:
        ImproperlyConfigured: the one that is wanted would not reach the other processes.
    """
    on_postgresql, on_sqlite = engine.endswith("postgresql"), engine.endswith("sqlite3")
    if not wanted:
        wanted = "redis" if cache_url else "postgresql" if on_postgresql else "sqlite"
    if wanted not in BUSES:
        raise ImproperlyConfigured(f"LIVE_BUS is one of {', '.join(BUSES)}, not {wanted!r}.")
    if wanted == "redis" and not cache_url:
        raise ImproperlyConfigured("LIVE_BUS=redis needs a Redis: set CACHE_URL to its address.")
    if wanted == "postgresql" and not on_postgresql:
        raise ImproperlyConfigured(
            "LIVE_BUS=postgresql needs that database: set DATABASE_URL to a postgres:// address, "
            "or leave LIVE_BUS out."
        )
    if wanted == "sqlite" and not on_sqlite:
        raise ImproperlyConfigured(
            "LIVE_BUS=sqlite hears only of changes in an SQLite file, and DATABASE_URL names another "
            "database: set CACHE_URL to a Redis, or LIVE_BUS=postgresql, or leave LIVE_BUS out."
        )
    if wanted == "memory" and (processes > 1 or not on_sqlite):
        raise ImproperlyConfigured(
            "LIVE_BUS=memory reaches one process only: set WEB_CONCURRENCY=1 on SQLite, or leave "
            "LIVE_BUS out."
        )
    return BUSES[wanted]
