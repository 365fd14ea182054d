"""What a step says of tensors that go through DDR because there are several tiles."""

from __future__ import annotations

TILES = "as Intel's compiler does on several tiles"


def through_ddr_because(what: str, why: str) -> str:
    """The reason of a step whose `what` ('input', 'result') goes through DDR on several tiles only."""
    return f"{what} through DDR, {TILES} ({why})"


def and_also(reason: str, further: str) -> str:
    """Two parts of a reason, each once; of an input and of a result that go through DDR in one sentence."""
    parts = list(dict.fromkeys(filter(None, (*reason.split("; "), further))))
    results = [p for p in parts if p.startswith("result through DDR, ")]
    for k, part in enumerate(parts):
        if results and part.startswith("input through DDR, "):
            both = [p.partition(" (")[2].removesuffix(")") for p in (part, results[0])]
            parts[k] = f"input and result through DDR, {TILES} ({', '.join(dict.fromkeys(both))})"
            parts.remove(results[0])
            break
    return "; ".join(parts)
