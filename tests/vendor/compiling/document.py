"""docs/check.md from its template and the committed answers."""

from collections import defaultdict
from pathlib import Path

from npusim.checking.rules import DATA, load_rules
from tests.vendor.compiling import tables
from tests.vendor.compiling.verdicts import score

DOCS = Path(__file__).resolve().parents[3] / "docs"
KINDS = {
    "backend": "ONNX's tests of ops", "graphs": "exported models", "cases": "awkward and hostile files",
    "random": "random graphs",
}  # fmt: skip


def page() -> str:
    """The text of docs/check.md."""
    answers: dict[str, dict[tuple[object, ...], bool]] = defaultdict(dict)
    for one in tables.read_one_node():
        answers[one.npu][one[:5]] = bool(one.why)
    main = answers.pop("4000")
    sample = sum(len(found) for found in answers.values())
    differ = sum(
        main[name] != why for found in answers.values() for name, why in found.items() if name in main
    )
    rules = sum(not line.startswith(("#", "op,")) for line in (DATA / "2026.csv").read_text().splitlines())
    template = (DOCS / "check.template.md").read_text(encoding="utf-8")
    return template.format(
        asked=f"{len(main):,}", sample=f"{sample:,}", differ=differ, rules=rules, table="\n".join(rows()), lists=lists()
    )  # fmt: skip


def rows() -> list[str]:
    """The table of scores."""
    judged = tables.read_judged()
    lines = [
        "| graphs | NPU | half | asked | refused | precision | recall | not known or bad input |",
        "|---" * 8 + "|",
    ]
    for npu in ("4000", "3720", "5010"):
        for half in ("judge", "fit"):
            for kind, words in {"": "all", **(KINDS if npu == "4000" else {})}.items():
                pairs = [
                    (r.why, r.ours)
                    for r in judged
                    if (r.npu, r.half) == (npu, half) and r.graph.startswith(kind)
                ]
                s = score(pairs)
                numbers = (
                    f"{s.graphs} | {s.refused} | {s.precision:.3f} | {s.recall:.3f} | {100 * s.unknown:.1f} %"
                )
                lines.append(f"| {words} | {npu} | {half} | {numbers} |")
    return lines


def lists() -> str:
    """Ops that no form helps: those the reader does not know, and those the compiler always refused."""
    found: dict[str, list[str]] = defaultdict(list)
    for op, rules in sorted(load_rules("2026").by_op.items()):
        if any(not rule.when and rule.refuses for rule in rules):
            reader = any(rule.why == "unread" for rule in rules)
            domain, _, name = op.rpartition(".")
            found[f"not read, {domain or 'ai.onnx'}" if reader else "refused in every form asked"].append(
                name if reader else op
            )
    return "\n".join(f"- **{what}** ({len(ops)}): {', '.join(ops)}" for what, ops in sorted(found.items()))


def write_page() -> None:
    """Write docs/check.md."""
    (DOCS / "check.md").write_text(page(), encoding="utf-8")
