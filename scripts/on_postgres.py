"""Run tests on PostgreSQL and Redis: `python -m scripts.on_postgres`, with pytest's arguments.

It starts both servers for this run, in a temporary folder and on free ports. If one of them is not
installed, it runs no test; `installed_programs` prints a line about that.
"""

import os
import subprocess
import sys

from tests.services_fixture import NotHere, make_database, postgres, redis_cache


def main(arguments: list[str]) -> int:
    """The exit status of pytest. Without the servers 0, or 1 if REQUIRE_ALL=1 requires them."""
    try:
        with postgres() as server, redis_cache() as cache:
            print("On PostgreSQL and Redis:", flush=True)
            addresses = {"DATABASE_URL": make_database(server, "parley"), "CACHE_URL": cache}
            tests = [sys.executable, "-m", "pytest", *arguments]
            return subprocess.call(tests, env=os.environ | addresses)
    except NotHere as missing:
        print(f"No test ran on PostgreSQL and Redis: {missing} is not available.", flush=True)
        return 1 if os.environ.get("REQUIRE_ALL") == "1" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
