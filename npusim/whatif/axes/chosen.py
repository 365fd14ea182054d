"""Which indices stay of which groups: shares by kind, layers, and a file with a share or a list for each node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from npusim.errors import BadArgument
from npusim.ops.counting import CHANNEL_BLOCK
from npusim.whatif.axes.groups import Group
from npusim.whatif.names import nearest_node
from npusim_xamba.text import quoted

WORDS = {"heads": "attention heads", "ffn": "feed-forward units", "channels": "channels"}
Kept = list[tuple[Group, np.ndarray]]


def chosen(
    found: list[Group],
    shares: Mapping[str, float],
    layers: str,
    pattern: str,
    multiple: int,
    edges: bool,
) -> Kept:
    """Groups with the indices that stay. `edges`: axes of inputs and outputs may change. `multiple`: what stays of
    units and channels is rounded up to it; 0: `usual_multiple`.

    Raises BadArgument: nothing of a kind, none that may change, a share that takes out less than one, layers that are
    not there, a file that says nothing of this graph."""
    kept: dict[int, tuple[Group, np.ndarray]] = {}
    for kind, share in shares.items():
        if share:
            for group in _of_kind(found, kind, layers, edges):
                stay = group.size - int(group.size * share + 1e-9)
                if kind != "heads":
                    step = multiple or usual_multiple(group.size)
                    stay = min(group.size, -(-stay // step) * step)
                kept[group.atom] = group, np.arange(stay)
            _is_worth(kind, share, [kept[g.atom] for g in _of_kind(found, kind, layers, edges)], multiple)
    if pattern:
        for group, places in _of_file(found, pattern, edges):
            kept[group.atom] = group, places
    return list(kept.values())


def usual_multiple(size: int) -> int:
    """What the MAC array takes at once, where an axis holds at least four of them: other counts are padded to it, and
    split unevenly over the tiles, so that fewer channels could take longer."""
    return CHANNEL_BLOCK if size >= 4 * CHANNEL_BLOCK and size % CHANNEL_BLOCK == 0 else 1


def _free(group: Group, edges: bool) -> bool:
    return not group.fixed or (edges and not group.fixed.startswith("node"))


def _of_kind(found: list[Group], kind: str, layers: str, edges: bool) -> list[Group]:
    mine = [g for g in found if g.kind == kind]
    if not mine:
        others = Counter(g.kind for g in found if not g.fixed)
        has = ", ".join(f"{n} layers with {WORDS[k]} ({k}=)" for k, n in others.items()) or "nothing to prune"
        raise BadArgument(f"what-if 'prune': no {WORDS[kind]} are in this graph; it has {has}")
    wanted = _layers(layers, kind, mine)
    mine = [g for g in mine if wanted is None or g.layer in wanted]
    free = [g for g in mine if _free(g, edges)]
    if not free:
        first = mine[0]
        hint = "" if first.fixed.startswith("node") else "; edges=change lets inputs and outputs change"
        raise BadArgument(f"what-if 'prune': the {first} cannot be pruned: {first.fixed}{hint}")
    return free


def _layers(text: str, kind: str, groups: list[Group]) -> set[int] | None:
    """The numbers of '6-11' or '0,2'; None for all. Raises BadArgument."""
    if not text:
        return None
    wanted: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise BadArgument(
                f"what-if 'prune': layers {quoted(text)} is no list of numbers; write 6-11 or 0,2"
            )
        if last and int(last) < int(first):
            raise BadArgument(
                f"what-if 'prune': layers {quoted(part.strip())} end before they begin; write {last}-{first}"
            )
        wanted |= set(range(int(first), int(last or first) + 1))
    there = {g.layer for g in groups}
    if not wanted & there:
        raise BadArgument(
            f"what-if 'prune': layers {text} are asked for, and {WORDS[kind]} are in layers {min(there)} to "
            f"{max(there)}"
        )
    return wanted


def _is_worth(kind: str, share: float, kept: Kept, multiple: int) -> None:
    if any(len(places) < group.size for group, places in kept):
        return
    group = max((g for g, _ in kept), key=lambda g: g.size)
    step = 1 if kind == "heads" else multiple or usual_multiple(group.size)
    rounded = f", rounded to multiples of {step}," if step > 1 else ""
    raise BadArgument(
        f"what-if 'prune': {kind}={share:g} takes nothing out: the largest group has {group.size}{rounded} and "
        f"{group.size} x {share:g} is less than one step; ask for {step / group.size:.2g} or more"
    )


def _of_file(found: list[Group], path: str, edges: bool) -> Kept:
    """What a file says. Raises BadArgument."""
    import yaml

    try:
        with open(path, encoding="utf-8") as file:
            asked: Any = yaml.safe_load(file)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadArgument(
            f"pattern file {quoted(path)} cannot be read: {str(error).splitlines()[0]}"
        ) from None
    if not isinstance(asked, dict) or not asked:
        raise BadArgument(f"pattern file {quoted(path)} is no mapping; write lines of 'NODE: SHARE'")
    kept: Kept = []
    for glob, what in asked.items():
        mine = [g for g in found if fnmatchcase(g.node, str(glob))]
        if not mine:
            raise BadArgument(
                f"pattern file {quoted(path)}: no node that writes channels is called {quoted(str(glob))}"
                f"{nearest_node(str(glob), (g.node for g in found))}"
            )
        for group in mine:
            if not _free(group, edges):
                raise BadArgument(f"pattern file {quoted(path)}: the {group} cannot be pruned: {group.fixed}")
            kept.append((group, _places(path, group, what)))
    return kept


def _places(path: str, group: Group, what: Any) -> np.ndarray:
    """Indices that stay of a group."""
    if isinstance(what, dict) and set(what) == {"keep"} and isinstance(what["keep"], list):
        keep = what["keep"]
        wrong = [k for k in keep if not isinstance(k, int) or isinstance(k, bool) or not 0 <= k < group.size]
        if wrong or not keep:
            raise BadArgument(
                f"pattern file {quoted(path)}: keep holds {wrong[0] if wrong else 'nothing'}, and the {group} are "
                f"0 to {group.size - 1}"
            )
        return np.unique(np.array(keep, dtype=np.int64))
    if isinstance(what, int | float) and not isinstance(what, bool) and 0 <= what < 1:
        return np.arange(group.size - int(group.size * what + 1e-9))
    raise BadArgument(
        f"pattern file {quoted(path)}: {quoted(str(what))} for '{group.node}' is neither a share (0 to below 1) nor "
        "{keep: [indices]}"
    )
