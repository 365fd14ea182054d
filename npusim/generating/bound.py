"""The bound of a token: what it must read over what the DDR gives; and claims held against it."""

from __future__ import annotations

from npusim.arch.hardware import Hardware
from npusim.errors import BadArgument
from npusim.generating.parts import PARTS
from npusim.generating.passes import Pass
from npusim.generating.record import Bound, Judged
from npusim.terminal.units import digits, nbytes

DDR = "ddr.bandwidth_gb_per_s"
#: Below this share of the low end of the band a figure is of another graph, not of a slow day: fp16 weights where int4
#: are asked about read four times as much, shapes that are not static are worse (`users.md` of the project's facts:
#: "untuned graphs run several times slower").
UNTUNED = 0.6
IN_WORDS = {
    "weights": "weights that arrive slower than that",
    "cache": "the cache",
    "attention": "attention",
    "compute": "compute",
    "moved": "activations through DDR",
    "launches": "launches",
    "host": "the host",
}


def bound_of(step: Pass, hw: Hardware, tokens_per_s: float, batch: int = 1, recurrent: bool = False) -> Bound:
    """The bound of a step, with a sentence that says how far below it the prediction is, and why."""
    rate = float(hw.get(DDR))
    least_us = step.must.read / rate / 1e3
    most = batch * 1e6 / least_us if least_us else float("inf")
    kept = "state" if recurrent else "cache"
    what = f"a token reads {nbytes(step.must.read)} ({nbytes(step.must.weights)} of weights, the rest {kept})"
    said = (
        f"{what}: at {rate:g} GB/s no more than {digits(most)} tokens/s; you get {digits(tokens_per_s)}: "
        f"{_why(step, least_us, recurrent)}"
    )
    return Bound(step.must.read, rate, most, said)


def _why(step: Pass, least_us: float, recurrent: bool) -> str:
    """The largest parts of what a step takes beyond its bound."""
    beyond = dict(step.parts_us)
    arrives = beyond.pop("weights") + beyond.pop("cache")
    beyond["weights"] = max(arrives - least_us, 0.0)
    words = IN_WORDS | ({"attention": "the recurrence"} if recurrent else {})
    ranked = sorted(beyond.items(), key=lambda item: -item[1])
    shown = [(n, t / step.time_us) for n, t in ranked[:2] if t / step.time_us >= 0.05]
    if not shown:
        return "the memory is what bounds it"
    told = " and ".join(f"{words[n]} {_is(words[n])} {100 * s:.0f} %" for n, s in shown)
    return f"{told} of a token's time"


def _is(words: str) -> str:
    return "are" if words.split()[0].endswith("s") else "is"


def judged(
    tokens_per_s: float, bound: Bound, hw: Hardware, predicted: float, band: tuple[float, float]
) -> Judged:
    """A measured figure: impossible above what the DDR can give at the high end of its range, untuned far below the
    band. Raises BadArgument for a figure that is none."""
    if not 0 < tokens_per_s < 1e9:
        raise BadArgument(f"--measured {tokens_per_s:g}: give tokens a second above 0, such as --measured 18")
    ends = hw.sources[DDR].range
    highest = max(ends[1] if ends else 0.0, bound.gb_per_s)
    most = bound.tokens_per_s * highest / bound.gb_per_s
    said = f"{digits(tokens_per_s)} tokens/s measured"
    low, high = band
    if tokens_per_s > most:
        return Judged(
            tokens_per_s,
            "impossible",
            f"impossible: {said}, and {nbytes(bound.read_bytes)} a token at {highest:g} GB/s, the most this memory "
            f"is known to give, are {digits(most)}; are the weights smaller, or is something else measured?",
        )
    if tokens_per_s > high:
        return Judged(
            tokens_per_s,
            "faster than we predict",
            f"faster than we predict: {said}, {digits(predicted)} predicted ({digits(low)} to {digits(high)}), "
            f"and the memory allows {digits(most)}",
        )
    if tokens_per_s >= low:
        return Judged(
            tokens_per_s,
            "as predicted",
            f"as predicted: {said}, {digits(predicted)} predicted ({digits(low)} to {digits(high)})",
        )
    if tokens_per_s >= UNTUNED * low:
        return Judged(
            tokens_per_s,
            "slower than we predict",
            f"slower than we predict: {said}, {digits(predicted)} predicted ({digits(low)} to {digits(high)}); "
            "another release, a lower clock, or memory that others use too",
        )
    return Judged(
        tokens_per_s,
        "untuned",
        f"untuned: {said}, {digits(predicted)} predicted ({digits(low)} to {digits(high)}); such a distance is of the "
        "graph: weights in fp16, shapes that are not static, parts that run on the CPU",
    )


assert IN_WORDS.keys() == PARTS.keys()
