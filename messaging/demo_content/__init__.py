"""The words of the sample that `manage.py make_demo` puts in: people, and what they write.

Nothing here is quoted from anybody. Addresses are those that are reserved for examples.
"""

from messaging.demo_content.people import MAIN_PERSON, PEOPLE
from messaging.demo_content.said import Said, Talk
from messaging.demo_content.talks import TALKS

__all__ = ["MAIN_PERSON", "PEOPLE", "TALKS", "Said", "Talk"]
