"""Live updates: every open window learns that something changed.

The truth is in the database; an event only says *look*. It names the version of its reader's
mailbox and nothing else, and the page asks for what is different (`page_diff`). An event that is
lost costs time and no message.
"""
