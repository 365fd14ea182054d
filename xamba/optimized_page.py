"""What `xamba optimize` answers: the page and the content of its JSON document."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from npusim_xamba.text import clean
from xamba.pipeline import Optimized
from xamba.proof.page import verdict_text


def page(done: Optimized, output: str) -> str:
    """What was replaced and kept, and the verdict, as lines for the terminal."""
    lines = [f"{clean(output)}: {len(done.rewritten)} replaced, {len(done.kept)} kept"]
    for line in done.rewritten, done.kept:
        words = [(r.pass_name, r.op_type, r.by if hasattr(r, "by") else f"kept: {r.reason}") for r in line]
        for (name, op_type, what), count in Counter(words).most_common():
            lines.append(clean(f"  {name:7s} {count:4d} x {op_type}: {what}"))
    lines += [clean(f"note: {note}") for note in done.notes]
    if not done.modified:
        lines.append("nothing to rewrite: the output is the input, byte for byte")
    if done.verdict is not None:
        lines.append(verdict_text(done.verdict))
    return "\n".join(lines)


def plain(done: Optimized) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "modified": done.modified,
        "rewritten": [asdict(line) for line in done.rewritten],
        "kept": [asdict(line) for line in done.kept],
        "notes": done.notes,
        "verify": None if done.verdict is None else done.verdict.as_dict(),
    }
