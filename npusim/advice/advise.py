"""A run -> what-ifs and ranked advice, put into its report."""

from __future__ import annotations

from dataclasses import replace

from npusim.advice.asked import Asked
from npusim.advice.rules import RULES
from npusim.advice.what_if import what_ifs
from npusim.report.record import Advice, Report


def advised(report: Report, asked: Asked) -> Report:
    """The report of a run with `what_if` and `advice`: what saves most first, then what more of the time is about.

    The graph is compiled again for each rule that asks for another graph, compiler, precision or number of tiles: at
    most four times, and only where the rule has something to say."""
    report = replace(report, what_if=what_ifs(asked.plan, asked.hw, report.host_us))
    if not report.latency_us:  # tensors without elements: nothing runs, and there is nothing to say
        return report
    asked = asked._replace(report=report)
    found = [advice for rule in RULES if (advice := rule(asked)) is not None]
    return replace(report, advice=tuple(sorted(found, key=lambda a: (-_sure_us(a), -a.share, a.kind))))


def _sure_us(advice: Advice) -> float:
    """What it saves; nothing where the sign is not settled, so that it comes behind what surely pays."""
    settled = advice.saves_band_us is None or advice.saves_band_us[0] > 0
    return advice.saves_us if settled else 0.0


#: Tasks of a plan up to which advice comes unasked: a quarter of a second.
UNASKED = 5000


def for_file(report: Report, path: str) -> Report:
    """The report with commands that name the model's file as it is typed. xamba rewrites ONNX files only: of any other
    model its commands keep a word in the place of one, and the sentence says so."""
    import os
    import shlex

    other = path.lower().endswith((".xml", ".json")) or os.path.isdir(path)

    def named(advice: Advice) -> Advice:
        if other and advice.command.startswith("xamba "):
            sentence = f"{advice.sentence} (xamba rewrites ONNX: take the file this was made of)"
            return replace(
                advice, sentence=sentence, command=advice.command.replace("MODEL", "MODEL.onnx", 1)
            )
        return replace(advice, command=advice.command.replace("MODEL", shlex.quote(path)))

    return replace(report, advice=tuple(map(named, report.advice)))
