"""A comparison as lines of the terminal: every number under the label of where it comes from."""

from __future__ import annotations

from npusim.measured.join import Crosscheck, Pair, symmetric_error
from npusim.measured.profile import CPU, PREDICTED, UNKNOWN
from npusim.measured.readers.measurement import Measurement
from npusim.measured.values import ValueCheck
from npusim.report.words import SHORT_NAMES
from npusim.terminal.layout import Line, clean, sentence, table

LISTED = 8  # names of a list that are written out


def page(found: Crosscheck, top: int, width: int) -> list[Line]:
    """Totals, engines, the layers that explain the gap, what matched nothing, and the notes."""
    report, profile = found.report, found.profile
    head = f"{clean(report.graph)} on {report.hardware}, {report.tiles} tiles, beside {clean(profile.path)}"
    lines = sentence(head, width, 0, style="bold")
    lines += sentence(
        f"{profile.form}, {clean(profile.device) or 'device not named'}: {profile.label}", width, 0
    )
    lines += [Line("")]
    if profile.label == CPU:
        lines += _names_only(found, width)
    else:
        lines += _totals(found, width) + _layers(found, top, width)
    lines += _unmatched(found, width)
    for note in found.notes:
        lines += sentence(note, width, 2, "- ")
    return lines


def _totals(found: Crosscheck, width: int) -> list[Line]:
    label = found.profile.label
    rows = []
    if found.latency_us is not None:
        rows.append(_numbers("latency, us", found.predicted_us, found.latency_us))
    for engine, (mine, theirs) in found.engines.items():
        rows.append(_numbers(f"{SHORT_NAMES[engine]} busy, us", mine, theirs))
    if found.nbytes is not None:
        rows.append(_numbers("moved to and from DDR, MB", found.predicted_bytes / 1e6, found.nbytes / 1e6, 2))
    if not rows:
        return [Line("The profile holds no total.")]
    lines = table(("", PREDICTED, label, "error"), rows, width, words=(0,))
    if found.engines:
        lines += sentence(
            f"busy: {found.profile.engines_are}; error: symmetric, (a - b) over their mean", width, 0
        )
    return lines


def _numbers(word: str, mine: float, theirs: float, decimals: int = 1) -> tuple[str, ...]:
    error = symmetric_error(mine, theirs)
    return word, f"{mine:,.{decimals}f}", f"{theirs:,.{decimals}f}", f"{error:+.0%}"


def _layers(found: Crosscheck, top: int, width: int) -> list[Line]:
    if not found.pairs:
        return []
    share = found.same_engine_share or 0.0
    same = sum(p.same_engine for p in found.pairs)
    lines = [Line(""), Line(f"{same} of {len(found.pairs)} joined layers on the same engine ({share:.1%})")]
    for pair in [p for p in found.pairs if not p.same_engine][:LISTED]:
        where = f"{pair.name}: {pair.op_type} predicted on {pair.engine}, there on {pair.theirs}"
        lines += sentence(where, width, 4, "  ")
    explaining = found.explaining(top)
    if not explaining:
        return lines
    gap = sum(abs(p.gap_us) for p in found.pairs if not p.unpriced)
    rows = [_row(p, gap) for p in explaining]
    label = found.profile.label
    header = ("layer", "engine", "split", PREDICTED, label, "gap", "of gap")
    free = [p.name for p in found.pairs if p.unpriced]
    lines += [Line(""), Line("The layers that differ most:"), *table(header, rows, width, words=(0, 1, 2))]
    lines += sentence(f"us of a layer: {found.times_are}; where two words stand: predicted, there", width, 0)
    if free:
        lines += sentence(f"left out, because they were given no time there: {_some(free)}", width, 0)
    return lines


def _row(pair: Pair, gap: float) -> tuple[str, ...]:
    theirs = "+".join(SHORT_NAMES.get(e, e) for e in pair.theirs.split("+"))
    return (
        pair.name,
        _both(SHORT_NAMES.get(pair.engine, pair.engine), theirs, pair.same_engine),
        _both(pair.split or "-", short_split(pair.their_split), pair.split == short_split(pair.their_split)),
        f"{pair.predicted_us:,.1f}",
        f"{pair.us:,.1f}",
        f"{pair.gap_us:+,.1f}",
        f"{abs(pair.gap_us) / gap:.0%}" if gap else "-",
    )


def _both(mine: str, theirs: str, same: bool) -> str:
    """One word where both agree or the profile does not say, else 'ours, theirs'."""
    return mine if same or theirs == "-" else f"{mine}, {theirs}"


_SPLITS = {
    "SplitOverHeight": "rows",
    "SplitOverHeightOverlapped": "rows",
    "SplitOverKernel": "channels",
    "SplitOverGroup": "groups",
    "SplitOverWidth": "columns",
    "SplitOverBatch": "batch",
    "Clustering": "none",
    "HKSwitch": "rows",
}


def short_split(text: str) -> str:
    """The compiler's strategies in our words: 'SplitOverHeight+Clustering' -> 'rows+none'."""
    return "+".join(dict.fromkeys(_SPLITS.get(word, word) for word in text.split("+"))) or "-"


def _names_only(found: Crosscheck, width: int) -> list[Line]:
    total = len(found.pairs) + len(found.only_profile)
    text = f"{len(found.pairs)} of {total} executed layers found again by name in the prediction"
    return [*sentence(text, width, 0), Line("")]


def _unmatched(found: Crosscheck, width: int) -> list[Line]:
    lines: list[Line] = []
    timed = found.profile.label not in (CPU, UNKNOWN)
    if found.only_predicted:
        names = [f"{n.name} ({n.op_type}, {n.duration_us:.1f} us)" for n in found.only_predicted]
        lines += sentence(f"in the prediction only: {_some(names)}", width, 0)
    if found.only_profile:
        ordered = sorted(found.only_profile, key=lambda layer: -layer.span_us)
        names = [f"{y.name} ({y.op_type}" + (f", {y.span_us:.1f} us)" if timed else ")") for y in ordered]
        lines += sentence(f"in the profile only: {_some(names)}", width, 0)
    if found.profile.loose_us and timed:
        names = [f"{name} {time:.1f} us" for name, time in found.profile.loose_us.items() if time]
        if names:
            lines += sentence(f"tasks of no layer there: {_some(names)}", width, 0)
    return [Line(""), *lines] if lines else []


def _some(names: list[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return "; ".join(clean(name) for name in names[:LISTED]) + more


def measured_page(measured: Measurement, width: int, implies: str = "") -> list[Line]:
    """What was measured, on what, and how it scattered; `implies`: a sentence on what the device says of itself."""
    device, latency = measured.device, measured.latency_us
    known = [f"{k} {v}" for k, v in device.items() if v is not None and k not in ("requested", "name")]
    lines = sentence(f"measured: {measured.model} on {device.get('name') or device['requested']}", width, 0)
    lines += sentence(", ".join(known), width, 2, "  ")
    lines += sentence(implies, width, 2, "  ") if implies else []
    times = (
        f"{latency.median:,.1f} us median of {latency.runs}, p10 {latency.p10:,.1f}, p90 {latency.p90:,.1f}"
    )
    on = "" if device["executed_on"].startswith("NPU") else " (a CPU: no prediction is judged by it)"
    return [*lines, *sentence(f"latency {times}{on}", width, 2, "  "), Line("")]


def values_page(check: ValueCheck, width: int) -> list[Line]:
    """Outputs of both runtimes, one a line."""
    head = f"OpenVINO CPU ({check.precision}) beside onnxruntime, tolerance {check.tolerance:g} of an output's size"
    rows = [
        (
            output.name,
            "x".join(map(str, output.shape)) or "scalar",
            f"{output.max_abs:.3g}",
            f"{output.scale:.3g}",
            "equal" if output.max_abs == 0 and output.ok else f"{output.sqnr_db or 0:.0f} dB",
            "ok" if output.ok else output.reason,
        )
        for output in check.outputs
    ]
    header = ("output", "shape", "largest error", "largest value", "signal to noise", "")
    return [*sentence(head, width, 0), *table(header, rows, width, words=(0, 1, 5)), Line("")]
