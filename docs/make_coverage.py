"""Write docs/coverage.md: every op of ai.onnx and of com.microsoft in every opset version, and what npusim makes of it.

    python docs/make_coverage.py

Verdicts come from the registries themselves, so the page is written anew when an op is added; a test compares.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import onnx
from onnx import defs

sys.path.insert(0, str(Path(__file__).resolve().parent))

from coverage_examples import CASES, NOT_ASKED, asked, model_of, verdict_of

from npusim.loading import all_rules  # noqa: F401  (registers the shape rules)
from npusim.loading.contrib_schemas import CONTRIB
from npusim.loading.ir.front import translations
from npusim.loading.ir.operations import BY_OPSET, OPSET_OF, STRUCTURE, UNPRICED
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

Beside the verdict of the registries versions were asked for themselves: by the 2,033 models of the ONNX project
(`tests/backend`), and by the example of the op that the laws of the tests use, in the form of that version, where that
is a whole model that onnx's checker allows.

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
    lines += ["| op | verdict | asked, by opset version |", "|---|---|---|"]
    return lines + [f"| {op} | {word} | {versions} |" for op, versions, word in rows] + [""]


def by_version(op: str, versions: list[int], counts: Counter[str]) -> str:
    """'priced: 7, 13; no example: 1'."""
    found: dict[str, list[str]] = {}
    for version in versions:
        said = verdict_of(op, version)
        counts[said] += 1
        found.setdefault(said, []).append(str(version))
    return "; ".join(f"{said}: {', '.join(numbers)}" for said, numbers in found.items())


def _microsoft(op: str) -> str:
    """ONNX Runtime's ops have one version."""
    if (MICROSOFT, op) not in CASES:
        return f"{NOT_ASKED}: 1"
    return f"{asked(onnx.ModelProto.FromString(model_of(MICROSOFT, op)))}: 1"


def openvino() -> list[str]:
    """Operations of OpenVINO IR, by the opset that brought them in."""
    known = translations()
    read = [name for name in OPSET_OF if name in known or name in STRUCTURE]
    lines = [
        "## OpenVINO IR",
        "",
        f"{len(OPSET_OF)} operations of opset 1 to 16: {len(read)} are read, each as the ops of ONNX it stands "
        f"for (`npusim/loading/ir/`), {len(UNPRICED)} are refused by name when they are priced, as an op without a "
        "cost is; `--allow-unmodelled` lists those.",
        "",
        "| opset | read | refused |",
        "|---|---|---|",
    ]
    for opset, names in BY_OPSET.items():
        here = names.split()
        refused = [f"{n} ({UNPRICED[n]})" for n in here if n in UNPRICED]
        lines.append(f"| {opset} | {', '.join(n for n in here if n in read)} | {', '.join(refused)} |")
    return [*lines, ""]


def page() -> str:
    versions: dict[str, list[int]] = {}
    for schema in defs.get_all_schemas_with_history():
        if schema.domain == "" and not schema.deprecated:
            versions.setdefault(schema.name, []).append(schema.since_version)
    counts: Counter[str] = Counter()
    own = [(op, by_version(op, sorted(v), counts), verdict("", op)) for op, v in sorted(versions.items())]
    more = [(op, _microsoft(op), verdict(MICROSOFT, op)) for op in sorted(CONTRIB)]
    listed = {op for op, _, _ in more}
    aside = sorted({i.op for i in known_ops() if i.domain == MICROSOFT} - listed)
    lines = [HEAD.format(version=".".join(onnx.__version__.split(".")[:2]))]
    lines += [f"- **{word}**: {meaning}" for word, meaning in WORDS.items()] + [""]
    total = ", ".join(f"{n} {said}" for said, n in counts.most_common())
    lines += [f"Of {counts.total()} versions of ai.onnx's ops: {total}.", ""]
    lines += table("ai.onnx", own) + table("com.microsoft", more)
    if aside:
        lines += [f"Priced too, though ONNX Runtime's list has them no more: {', '.join(aside)}.", ""]
    return "\n".join(lines + openvino())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
