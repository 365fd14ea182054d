"""Why a row misses its bar: known differences between our plans and those of Intel's compiler, by kind of graph."""

import re

#: (table, pattern of the name, measure or ''): the reason in a sentence. The first that fits is printed.
CAUSES: list[tuple[str, str, str, str]] = []


def cause_of(table: str, name: str, kind: str, missed: list[tuple[str, str, float]]) -> str:
    """The reasons of the measures missed, each once; `not known` where no rule fits."""
    found: dict[str, None] = {}
    for measure, _, _ in missed:
        for where, pattern, only, why in CAUSES:
            if where in (table, "") and only in (measure, "") and re.search(pattern, f"{kind} {name}"):
                found[why] = None
                break
        else:
            found["not known"] = None
    return "; ".join(found)
