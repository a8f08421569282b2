"""The content of the demo that `manage.py make_demo` makes: people and their messages.

All texts are our own. Addresses are among those that are reserved for examples.
"""

from messaging.demo_content.conversations import CONVERSATIONS
from messaging.demo_content.messages import DemoConversation, DemoMessage
from messaging.demo_content.people import MAIN_PERSON, PEOPLE

__all__ = ["CONVERSATIONS", "MAIN_PERSON", "PEOPLE", "DemoConversation", "DemoMessage"]
