"""Changes of a document (YAML, JSON) that keep it a document: values, keys, lists, nesting."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.fuzzing.mutations import Pick, one

VALUES = (
    None, True, False, 0, 1, -1, 3, 1.5, -0.0, 1e-320, 1e308, 10**40, float("nan"), float("inf"), "", "x", "1e9",
    "auto", "\x1b[31m", "\u202ex", "y" * 5000, [], [1, 2], [[]], {}, {"a": 1}, {"value": 1}, [None], "3720",
    "no/such.yaml",
)  # fmt: skip


def change(document: Any, pick: Pick) -> None:
    """One to three changes somewhere in the tree, in place."""
    for _ in range(1 + pick(3)):
        _once(document, pick)


def _once(document: Any, pick: Pick) -> None:
    at = document
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            return
        key = one(keys, pick)
        if isinstance(at[key], dict | list) and at[key] and pick(4):
            at = at[key]
            continue
        break
    how = pick(6)
    if how <= 2:
        at[key] = deepcopy(one(VALUES, pick))
    elif how == 3:
        del at[key]
    elif how == 4 and isinstance(at, dict):
        at[str(one(("", "x", "name", "based_on", "\x1b", 7, None, f"{key}s"), pick))] = at.pop(key)
    elif how == 4:
        at.append(at[key])
    elif isinstance(at[key], int | float) and not isinstance(at[key], bool):
        at[key] = at[key] * one((-1, 0, 0.5, 1000, 1e12, 1e-12, 1e300), pick)
    else:
        at[key] = [at[key]]
