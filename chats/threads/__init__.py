"""What of a thread is read, and how it is laid out on a page."""
