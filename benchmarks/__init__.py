"""How fast pages are, with ten thousand messages and with a million: `make bench`."""
