"""The name that was meant, where a pattern matches no node."""

from __future__ import annotations

from collections.abc import Iterable

from npusim_xamba.text import near, quoted


def nearest_node(pattern: str, names: Iterable[str]) -> str:
    """'; did you mean /layer.0/Conv?' of the nearest name, whole or by its last part; else one name as an example.

    Exporters write long paths or plain numbers, so a short word may be like none of them."""
    known = [name for name in dict.fromkeys(names) if name]
    word = pattern.replace("*", "").replace("?", "")
    ends: dict[str, str] = {}
    for name in known:
        ends.setdefault(name.rpartition("/")[2].lower(), name)
    whole = near(word, known)
    if whole or not known:
        return whole
    last = near(word.rpartition("/")[2], ends)
    if last:
        end = last.removeprefix("; did you mean ").removesuffix("?")
        return f"; did you mean {ends[end]}?"
    return f"; its names are like {quoted(known[len(known) // 2])}"
