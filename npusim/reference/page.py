"""A validation as lines for the terminal."""

from __future__ import annotations

from itertools import groupby

from npusim.reference.dsp_errors import OTHER_KERNELS
from npusim.reference.errors import GroupErrors, NetworkRow, Validation, by_product
from npusim.reference.folder import PUBLISHED
from npusim.terminal.layout import Line, sentence, table

_HEADER = ("", "rows", "MAPE", "median", "p90", "bias", "roof", "unseen", "band", "bar")
_SHORT = {  # so short that none is cut at 80 columns
    "scratchpad to scratchpad": "in scratchpad",
    "ddr to ddr": "within DDR",
    "scratchpad to ddr": "to DDR",
    "ddr to scratchpad": "from DDR",
    "convolution, matmul": "conv, matmul",
    "depthwise, pool, eltwise": "the others",
    "one input, large": "1 input, large",
    "one input, small": "1 input, small",
    "  wider than one pixel": "  width above 1",
}


OTHER_KERNELS_NOTE = (
    f"{OTHER_KERNELS}: of two inputs, or no line in elements. The reference holds profiles of one kernel that are a "
    "factor of a hundred apart; each takes the line of one of them and is far off the others, so no bar is "
    "held against them."
)


def missing(result: Validation) -> str:
    """Tables that the folder does not hold, and what is not compared for it."""
    told = f"{', '.join(result.missing)} in {result.reference}: what they hold is not compared"
    return told + (" (published latencies of networks)" if PUBLISHED in result.missing else "")


def page(result: Validation, width: int) -> list[Line]:
    """Tables per NPU, then published networks, then what was left out."""
    lines = [Line(f"Predictions against {result.reference}; errors in percent", "bold")]
    lines += sentence(
        "MAPE (the mean), median and p90 of the absolute error and the bias over all rows; roof: the roofline's "
        "MAPE on the same rows; unseen: MAPE over the rows no constant was fitted to, which the bar is held against; "
        "band: how many of those are inside the band of a single op. Engines, and tables by their "
        "columns: docs/fidelity.md.",
        width,
        0,
    )
    for name in result.hardware:
        own = [c for c in result.comparisons if c.hardware == name]
        if own:
            lines += [Line(""), Line(f"NPU {own[0].generation}, {name}", "bold"), *_comparisons(own, width)]
    if any(c.what == OTHER_KERNELS for c in result.comparisons):
        lines += [Line(""), *sentence(OTHER_KERNELS_NOTE, width, 0)]
    lines += _networks(result.networks, width)
    if result.left_out:
        told = ", ".join(f"{model} {error:.1f} %" for model, error in result.left_out)
        text = f"step and host are fitted to the rows of the 155H; fitted without it, a network's mean error: {told}"
        lines += sentence(text, width, 0)
    if result.missing:
        lines += [Line(""), *sentence(missing(result), width, 10, "not found")]
    if result.skipped:
        lines += [Line(""), Line("left out", "bold")]
        for why in result.skipped:
            lines += sentence(why, width, 2)
    barred = [c for c in result.comparisons if c.verdict]
    met = sum(c.verdict == "met" for c in barred)
    return [*lines, Line(""), Line(f"{met} of {len(barred)} bars met")] if barred else lines


def _comparisons(comparisons: list[GroupErrors], width: int) -> list[Line]:
    """One table over all engines, so that columns stand below each other, with a title a group of rows."""
    lines = table(_HEADER, [_row(c) for c in comparisons], width, words=(0,))
    titled = [lines[0]]
    rows = iter(lines[1:])
    for (engine, against), group in groupby(comparisons, key=lambda c: (c.engine, c.against)):
        titled.append(Line(f"{engine}, {against}", "bold"))
        titled += [next(rows) for _ in group]
    return titled


def _row(c: GroupErrors) -> tuple[str, ...]:
    s = c.all
    way, comma, _ = c.what.partition(", both ports")
    bar = "" if c.bar is None else f"{c.bar:g} {'met' if c.verdict == 'met' else 'miss'}"
    return (
        "    both ports" if comma else f"  {_SHORT.get(way, way)}",
        str(s.rows),
        *map(_number, (s.mape, s.median, s.p90)),
        f"{'+' * (s.bias >= 0)}{_number(s.bias)}",
        f"{c.roofline.mape:.0f}",
        _number(c.judged.mape) if c.judged.rows else "none",
        "" if c.covered is None else f"{c.covered:.0%}",
        bar if c.verdict else "",
    )


def _number(percent: float) -> str:
    """One decimal below a hundred, none above."""
    return f"{percent:.1f}" if abs(percent) < 100 else f"{percent:.0f}"


def _networks(networks: tuple[NetworkRow, ...], width: int) -> list[Line]:
    if not networks:
        return []
    header = ("published networks", "NPU", "", "metric", "published ms", "predicted ms", "error")
    rows = [
        (
            f"{_short(row.product)} {row.model}",
            row.generation,
            row.precision,
            row.metric if row.judged else f"{row.metric} ({row.why}: not judged)",
            f"{row.published_us / 1e3:.2f}",
            f"{row.predicted_us / 1e3:.2f}",
            f"{row.error:+.1f}",
        )
        for row in networks
    ]
    lines = [Line(""), *table(header, rows, width, words=(0, 1, 2, 3))]
    for product in by_product(networks):
        bar = (
            ""
            if product.bar is None
            else f"; bars {product.bar:g} and {product.worst_bar:g}: {product.verdict}"
        )
        covered = [r.covered for r in networks if r.judged and r.product == product.product]
        inside = f", {sum(map(bool, covered))} inside their band" if None not in covered else ""
        lines.append(
            Line(
                f"{_short(product.product)}: mean {product.mape:.1f} % of {product.rows} rows, "
                f"worst {product.worst:.1f} %{inside}{bar}"
            )
        )
    return lines


def _short(product: str) -> str:
    """'Core Ultra 7 155H NPU-only' -> '155H'."""
    return product.replace("Core Ultra 7", "").replace("NPU-only", "").replace("NPU", "").strip() or product
