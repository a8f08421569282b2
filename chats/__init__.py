"""The browser's side of Parley. `RELEASE` goes up when what is cached would read differently."""

RELEASE = "3"
