#!/usr/bin/env python
"""Django's command line for Parley."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "messaging_app.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A setting that cannot be: the sentence says which, the traceback would hide it.
        sys.exit(str(error))
    except OperationalError as error:
        # It is gone, locked, full, or not migrated: its own words say which.
        sys.exit(f"The database could not do what it was asked for: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
