"""Django's techniques, each beside the form that most people write first: `make techniques`.

`docs/techniques.md` explains them. The functions called `naive_...` are wrong on purpose, and
tests/techniques shows how.
"""
