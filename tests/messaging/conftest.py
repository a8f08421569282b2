"""How Hypothesis runs here."""

from hypothesis import settings

# On a busy machine an example may take long for no reason of ours; a wrong answer is the failure.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
