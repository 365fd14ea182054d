"""Write docs/coverage.md: every op of ai.onnx and of com.microsoft, from which opset, and what npusim makes of it.

    python docs/make_coverage.py

Verdicts come from the registries themselves, so the page is written anew when an op is added; a test compares.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from onnx import defs

from npusim.loading import all_rules  # noqa: F401  (registers the shape rules)
from npusim.loading.contrib_schemas import CONTRIB
from npusim.loading.walk import SPECIAL
from npusim.ops import LEFT_OUT, known_ops

MICROSOFT = "com.microsoft"
PAGE = Path(__file__).with_name("coverage.md")
WORDS = {
    "priced": "its shape is worked out and its work has a cost",
    "taken apart": "the loader takes it apart (control flow, sequences, constants)",
    "on the host": "left out on purpose: text, training, trees or files are no work of an NPU",
    "not known": "refused by name; with declared output shapes, --allow-unmodelled lists it",
}
HEAD = """# Which ops are covered

Written by `python docs/make_coverage.py` from the registries; do not edit. Each version of an op that ONNX {version}
defines is a line's number: an op means the same in every opset between two of them. ONNX's own ops are looked up in the
`onnx` package, ONNX Runtime's in the table of its schemas (`npusim/loading/contrib_schemas.py`).

"""


def verdict(domain: str, op: str) -> str:
    costs = {(info.domain, info.op) for info in known_ops()}
    if not domain and op in SPECIAL and op not in ("Dropout", "Cast", "CastLike"):
        return "taken apart"
    if (domain, op) in costs:
        return "priced"
    if (f"{domain}.{op}" if domain else op) in LEFT_OUT:
        return "taken apart" if "taken apart" in LEFT_OUT[op] else "on the host"
    return "not known"


def table(title: str, rows: list[tuple[str, str, str]]) -> list[str]:
    """Rows of op, opsets, verdict; with counts by verdict above."""
    counts = Counter(word for _, _, word in rows)
    lines = [
        f"## {title}",
        "",
        f"{len(rows)} ops: " + ", ".join(f"{n} {w}" for w, n in counts.most_common()) + ".",
        "",
    ]
    lines += ["| op | opset versions | verdict |", "|---|---|---|"]
    return lines + [f"| {op} | {versions} | {word} |" for op, versions, word in rows] + [""]


def page() -> str:
    import onnx

    versions: dict[str, list[int]] = {}
    for schema in defs.get_all_schemas_with_history():
        if schema.domain == "" and not schema.deprecated:
            versions.setdefault(schema.name, []).append(schema.since_version)
    own = [(op, ", ".join(map(str, sorted(v))), verdict("", op)) for op, v in sorted(versions.items())]
    more = [(op, "1", verdict(MICROSOFT, op)) for op in sorted(CONTRIB)]
    listed = {op for op, _, _ in more}
    aside = sorted({i.op for i in known_ops() if i.domain == MICROSOFT} - listed)
    lines = [HEAD.format(version=".".join(onnx.__version__.split(".")[:2]))]
    lines += [f"- **{word}**: {meaning}" for word, meaning in WORDS.items()] + [""]
    lines += table("ai.onnx", own) + table("com.microsoft", more)
    if aside:
        lines += [f"Priced too, though ONNX Runtime's list has them no more: {', '.join(aside)}.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
