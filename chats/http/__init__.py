"""Requests, answers, errors and limits of the pages of conversations."""
