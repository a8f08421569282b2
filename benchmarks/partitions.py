"""Simulates how conversations would spread over partitions: `python -m benchmarks.partitions`.

It simulates people, not machines. As in real message logs, a few people talk with very many others,
most people with a few, and a few conversations are very long. It prints by how much the fullest
partition exceeds the average, and how many partitions a page would have to query.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections import Counter
from itertools import accumulate

PEOPLE = 100_000
CONVERSATIONS = 400_000
MESSAGES = 2_000_000
SHOWN = 30  # conversations on a page


def _heavy(count: int, power: float) -> list[float]:
    """Running totals of weights that start large, to draw from with `bisect`."""
    return list(accumulate(1 / (place + 10) ** power for place in range(count)))


def _draw(totals: list[float], numbers: random.Random) -> int:
    return bisect(totals, numbers.random() * totals[-1])


def _hashed(number: int) -> int:
    return (number * 0x9E3779B97F4A7C15) % 2**64 >> 32


def _generate() -> tuple[list[tuple[int, int]], list[int]]:
    """The two people of each conversation, and its number of messages."""
    numbers = random.Random(1)  # noqa: S311
    weights = _heavy(PEOPLE, 0.8)
    pairs = [(_draw(weights, numbers), _draw(weights, numbers)) for _ in range(CONVERSATIONS)]
    lengths = Counter[int]()
    shares = _heavy(CONVERSATIONS, 0.9)
    for _ in range(MESSAGES):
        lengths[_draw(shares, numbers)] += 1
    return pairs, [lengths[place] for place in range(CONVERSATIONS)]


def _fullest(loads: Counter[int], partitions: int) -> float:
    """The load of the fullest partition, as a multiple of the average."""
    return max(loads.values()) / (sum(loads.values()) / partitions)


def main() -> None:
    pairs, lengths = _generate()
    of_person: dict[int, list[int]] = {}
    for conversation, pair in enumerate(pairs):
        for person in pair:
            of_person.setdefault(person, []).append(conversation)
    print(f"{PEOPLE:,} people, {CONVERSATIONS:,} conversations, {MESSAGES:,} messages")
    print(f"longest conversation {max(lengths):,}, most conversations of one person "
          f"{max(map(len, of_person.values())):,}")  # fmt: skip
    print(
        "| partitions | fullest, by conversation | fullest, by person | queried by a page, median | most |"
    )
    print("|---|---|---|---|---|")
    for partitions in (8, 64, 512):
        by_conversation, by_person = Counter[int](), Counter[int]()
        for conversation, (one, _other) in enumerate(pairs):
            by_conversation[_hashed(conversation) % partitions] += lengths[conversation]
            by_person[_hashed(one) % partitions] += lengths[conversation]
        queried = sorted(
            len({_hashed(conversation) % partitions for conversation in theirs[-SHOWN:]})
            for theirs in of_person.values()
        )
        print(
            f"| {partitions} | {_fullest(by_conversation, partitions):.2f} times"
            f" | {_fullest(by_person, partitions):.2f} times"
            f" | {queried[len(queried) // 2]} | {queried[-1]} |"
        )


if __name__ == "__main__":
    main()
