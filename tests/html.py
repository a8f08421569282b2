"""Answers as parsed HTML."""

from bs4 import BeautifulSoup


def soup(response, status=200):
    """The answer's HTML, once its status is what the test expects."""
    assert response.status_code == status, (
        f"{response.status_code} instead of {status}: {response.content[:500]!r}"
    )
    return BeautifulSoup(response.content, "html.parser")
