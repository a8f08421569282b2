"""Run tests on PostgreSQL and Redis: `python -m scripts.on_postgres`, with pytest's arguments.

Both servers are started for this run, in a temporary folder and on free ports. A machine that
lacks one of them runs nothing here; `what_is_here` has said so before.
"""

import os
import subprocess
import sys

from tests.services_fixture import NotHere, make_database, postgres, redis_cache


def main(arguments: list[str]) -> int:
    """pytest's exit status; 0 without the servers, unless REQUIRE_ALL=1 asks for them."""
    try:
        with postgres() as server, redis_cache() as cache:
            print("On PostgreSQL and Redis:", flush=True)
            addresses = {"DATABASE_URL": make_database(server, "parley"), "CACHE_URL": cache}
            tests = [sys.executable, "-m", "pytest", *arguments]
            return subprocess.call(tests, env=os.environ | addresses)
    except NotHere as missing:
        print(f"Nothing was run on PostgreSQL and Redis: {missing} is not here.", flush=True)
        return 1 if os.environ.get("REQUIRE_ALL") == "1" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
