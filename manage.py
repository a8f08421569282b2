#!/usr/bin/env python
"""Django's command line for Parley."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "messaging_app.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A setting that cannot be: the sentence says which, the traceback would hide it.
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
