"""What a region offers: every registered pass, at every place where it would rewrite something.

Places that look alike are one move: what pays at one of them pays at all. A pass with several kinds of place
offers each kind and all of them together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import onnx_ir as ir

from xamba.choice.signature import site_key
from xamba.errors import XambaError
from xamba.facts.facts import Facts
from xamba.facts.nodes import all_nodes, node_label
from xamba.passes.base import Kept, Result, XambaPass
from xamba.passes.registry import find, passes

NO_OPTIONS: tuple[dict[str, Any], ...] = ({},)
KINDS = 12  # kinds of place a pass may have; rarer ones are only offered together


@dataclass(frozen=True)
class Move:
    """One pass at some nodes of a region. `said`: what it puts there, each kind once. Equal moves are the same offer:
    where the pass would now put something else, it is another."""

    one: XambaPass
    nodes: tuple[str, ...]
    op_type: str
    said: tuple[str, ...]

    @property
    def by(self) -> str:
        """What the pass puts there, in its own words."""
        others = len(self.said) - 1
        return f"{self.said[0]}, and {others} other kind{'s' * (others != 1)}" if others else self.said[0]


def candidates(
    exact_only: bool, names: Sequence[str] | None = None, given: Mapping[str, Any] | None = None
) -> list[XambaPass]:
    """Every pass (of `names`, if given) with every set of options it names in `candidates`, in pipeline order.

    given: options by field, for the passes that have them. Raises `UnknownPass`.
    """
    chosen = list(passes().values()) if names is None else sorted(map(find, names), key=lambda one: one.order)
    found = []
    for one in chosen:
        known = {field.name for field in fields(one)}
        fixed = {name: value for name, value in (given or {}).items() if name in known}
        if one.exact or not exact_only:
            found += [one(**{**options, **fixed}) for options in getattr(one, "candidates", NO_OPTIONS)]
    return list(dict.fromkeys(found))


def copy_of(model: ir.Model) -> ir.Model:
    """A copy to try a pass on; what is known of the original's values is not taken along."""
    copy = model.clone()
    copy.meta.clear()
    return copy


def apply(model: ir.Model, move: Move) -> tuple[ir.Model, Result]:
    """A copy of the model with the move made, and the pass's record."""
    copy = copy_of(model)
    return copy, replace(move.one, only=move.nodes).run(copy)


def moves(model: ir.Model, offered: Sequence[XambaPass]) -> tuple[list[Move], list[Kept]]:
    """Moves open to a region, those of whole passes first, and what the passes leave alone for reasons of law."""
    found: list[Move] = []
    kept: list[Kept] = []
    nodes = {node_label(node): node for node in all_nodes(model)}
    facts = Facts(model)
    for one in offered:
        try:
            result = one.run(copy_of(model))
        except XambaError as error:
            kept.append(Kept(one.name, "", "", str(error)))
            continue
        kept += result.kept
        kinds: dict[Hashable, list[str]] = defaultdict(list)
        words: dict[str, tuple[str, str]] = {}
        for line in result.rewritten:
            if line.node in nodes and line.node not in words:
                kinds[site_key(nodes[line.node], facts), line.by].append(line.node)
                words[line.node] = (line.op_type, line.by)
        places = [tuple(labels) for labels in kinds.values()]
        together = [tuple(words)] if len(places) > 1 else []
        for labels in (*together, *(places if len(places) <= KINDS else ())):
            op_types = "/".join(dict.fromkeys(words[label][0] for label in labels))
            said = tuple(dict.fromkeys(words[label][1] for label in labels))
            found.append(Move(one, labels, op_types, said))
    found.sort(key=lambda move: -len(move.nodes))
    return found, kept
