"""The verdict as a page and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from npusim.checking.record import Answer, Finding, Verdict
from npusim.terminal.layout import Line, fit, sentence
from npusim_xamba.envelope import envelope

WORDS = {Answer.COMPILES: "will compile", Answer.REFUSED: "will not compile", Answer.UNKNOWN: "not known"}
STYLES = {Answer.COMPILES: "bold green", Answer.REFUSED: "bold red", Answer.UNKNOWN: "bold yellow"}
INDENT = 10
#: Reasons shown when no one says how many: they fit 24 lines.
SHOWN = 4
#: Nodes named of those that are refused for one reason.
NAMED = 3


def page(verdict: Verdict, top: int | None, width: int, verbose: bool = False) -> list[Line]:
    """Headline, then one block for each reason: the nodes, why, what to do; `top` reasons at most.

    `verbose`: all reasons, and the rule behind each.
    """
    head = f" on {fit(verdict.hardware, 24)}: {WORDS[verdict.answer]}"
    lines = [
        Line(fit(verdict.graph, width - len(head)) + head, STYLES[verdict.answer]),
        *sentence(f"{verdict.compiler}, NPU {verdict.generation}", width, INDENT, "compiler"),
    ]
    if verdict.nodes:
        lines += sentence(
            f"{verdict.nodes} node{'s' * (verdict.nodes != 1)} looked at", width, INDENT, "graph"
        )
    groups = grouped(verdict.findings)
    most = top if top is not None else len(groups) if verbose else SHOWN
    for group in groups[:most]:
        lines += [Line(""), *_block(group, width, verbose)]
    left = len(groups) - most
    if left > 0:
        lines += [Line(""), Line(f"{left} more reason{'s' * (left > 1)}; --verbose shows all", "dim")]
    for note in verdict.notes:
        lines += sentence(note, width, INDENT, "note", style="yellow")
    return lines


def grouped(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Findings of one reason together, refusals first."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.op, finding.why, finding.remedy), []).append(finding)
    return sorted(groups.values(), key=lambda group: not group[0].refused)


def _block(group: list[Finding], width: int, verbose: bool) -> list[Line]:
    first = group[0]
    names = [finding.node for finding in group if finding.node]
    title = " ".join(filter(None, (first.op if first.node else "", ", ".join(names[:NAMED]))))
    if len(names) > NAMED:
        title += f" and {len(names) - NAMED} more"
    lines = sentence(title or "the model", width, 0, style="bold")
    lines += sentence(first.why, width, INDENT, "refused" if first.refused else "unknown")
    lines += sentence(first.remedy, width, INDENT, "remedy")
    if first.rule and verbose:
        lines += sentence(first.rule, width, INDENT, "rule")
    return lines


def to_document(verdict: Verdict) -> dict[str, Any]:
    """The verdict for machines, under the envelope of all documents."""
    content = asdict(verdict)
    head = {key: content.pop(key) for key in ("hardware", "compiler", "model_sha256")}
    content = {"answer": str(verdict.answer)} | content | {"findings": content.pop("findings")}
    return envelope("npusim.check", content, **head)


def one_line(finding: Finding) -> str:
    """For the page of another command."""
    return (
        f"Intel's compiler is expected to refuse this model: {finding.op} '{finding.node}': {finding.why}; "
        "npusim check says what to do"
    )
