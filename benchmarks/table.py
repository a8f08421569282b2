"""The results as tables: for the terminal, and for the documentation."""

from __future__ import annotations

from typing import Any

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
HEAD = ("case", "database", "messages", "statements", "ms", "CPU ms", "ratio", "KB", "")


def print_table(results: list[dict[str, Any]]) -> None:
    """Print the results case by case, with the budgets in parentheses."""
    lines = [HEAD, *map(_line, _by_case(results))]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEAD))]
    print()
    last = ""
    for line in lines:
        name = "" if line[0] == last else line[0]
        last = line[0]
        cells = [name.ljust(widths[0]), line[1].ljust(widths[1])]
        cells += [cell.rjust(width) for cell, width in zip(line[2:], widths[2:], strict=True)]
        print("  ".join(cells).rstrip())
    print()


def markdown(results: list[dict[str, Any]]) -> str:
    """The table of docs/performance.md: a row for each case, with its ratio on each database for the
    smallest and the largest size.
    """
    at = {(one["case"], one["backend"], one["messages"]): one for one in results}
    sizes = sorted({one["messages"] for one in results})
    places = [(name, size) for name in NAMES for size in (sizes[0], sizes[-1])]
    places = [place for place in places if any((case, *place) in at for case, _name, _size in at)]
    heads = [f"{NAMES[name]}, {size:,}" for name, size in places]
    rows = [f"| | Statements | Budget | {' | '.join(heads)} | KB |"]
    rows.append("|---|--:|--:|" + "--:|" * len(places) + "--:|")
    for case in dict.fromkeys(one["case"] for one in results):
        found = [at.get((case, *place)) for place in places]
        known = [one for one in found if one]
        cells = [case, f"{max(one['queries'] for one in known)}", f"{known[0]['budget_ratio']:g}"]
        cells += [f"{one['ratio']:.1f}" if one else "" for one in found]
        rows.append(f"| {' | '.join(cells)} | {max(one['kilobytes'] for one in known):.0f} |")
    return "\n".join(rows)


def _by_case(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = list(dict.fromkeys(result["case"] for result in results))
    return sorted(results, key=lambda result: names.index(result["case"]))


def _line(result: dict[str, Any]) -> tuple[str, ...]:
    is_floor = result["case"].startswith("Floor")
    ratio = f"{result['ratio']:.1f}" + ("" if is_floor else f" ({result['budget_ratio']:g})")
    return (
        result["case"],
        result["backend"],
        f"{result['messages']:,}",
        f"{result['queries']} ({result['budget_queries']})",
        f"{result['ms']:.2f}",
        f"{result['cpu_ms']:.2f}",
        ratio,
        f"{result['kilobytes']:.1f}",
        "" if result["ok"] else "over",
    )
