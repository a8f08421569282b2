#!/bin/sh
# Creates .venv if it is missing, and installs the given requirements file if it has changed.
# Usage: scripts/venv.sh requirements.txt
set -eu
cd "$(dirname "$0")/.."

requirements=$1
stamp=.venv/installed-$requirements.sha256

# Prints the first Python that is new enough; PYTHON=... chooses another.
find_python() {
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Parley needs Python 3.11 or newer: install it (on Debian or Ubuntu:" \
        "apt-get install python3 python3-venv) and try again." >&2
    exit 1
}

# Also creates it again if its Python was removed, or if an earlier run stopped before it had pip.
if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    python=$(find_python)
    # Debian has venv and ensurepip in a package of their own.
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "Parley needs Python's venv module: install it (on Debian or Ubuntu:" \
            "apt-get install python3-venv) and try again." >&2
        exit 1
    fi
    echo "Creating .venv"
    "$python" -m venv --clear .venv
fi

# The hash includes the version of Python: a person may have created .venv again.
wanted=$( { .venv/bin/python --version; cat "$requirements"; } |
    .venv/bin/python -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())')
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
    echo "Installing the packages in $requirements (only if it has changed)"
    # This changes packages that another file may have installed, so all stamps become invalid.
    rm -f .venv/installed-*.sha256
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
    echo "$wanted" >"$stamp"
fi
