"""The answer in one sentence: who is faster, by what, and whether it is settled."""

from __future__ import annotations

from npusim.rival.record import Against, Cause
from npusim.terminal.units import digits, time

TOLD = 3  # causes
LEAST = 0.04  # of the larger latency: what is smaller is no reason
KINDS = 3


def headline(found: Against) -> str:
    """'the NPU is predicted 3.1 times as fast: 354 us against 1.09 ms on the CPU'."""
    npu, cpu = found.report.latency_us, found.cpu.median_us
    times = f"{time(npu)} against {time(cpu)} on the CPU"
    if npu <= cpu:
        return f"the NPU is predicted {digits(found.times_faster)} times as fast as this CPU: {times}"
    return f"the NPU is predicted {digits(npu / cpu)} times as slow as this CPU: {times}"


def settled(found: Against) -> str:
    """Whether the band of the prediction leaves open who is faster; '' where it does not."""
    if found.settled:
        return ""
    low, high = found.report.band_us or (found.report.latency_us, found.report.latency_us)
    first, third = found.cpu.quartiles_us
    return (
        f"not settled: the prediction lies within {time(low)} and {time(high)} in 80 of 100 cases, "
        f"half of the CPU's runs within {time(first)} and {time(third)}"
    )


def why(found: Against) -> str:
    """What the NPU loses most on and what it wins most on, in one sentence."""
    npu, cpu = found.report.latency_us, found.cpu.median_us
    least = LEAST * max(npu, cpu)
    lost = [cause for cause in found.causes if cause.lost_us > least]
    won = [cause for cause in reversed(found.causes) if cause.lost_us < -least]
    loses = _listed(lost[:TOLD])
    wins = _listed(won[:TOLD])
    if npu > cpu:
        head = f"the NPU loses {_first(lost, npu)}{loses}" if lost else "the NPU loses a little everywhere"
        return f"{head}; it wins {wins}" if won else head
    head = f"the NPU wins {_first(won, cpu, 'the CPU')}{wins}" if won else "the NPU wins a little everywhere"
    return f"{head}; it loses {loses}" if lost else head


def _first(causes: list[Cause], whole: float, whose: str = "its") -> str:
    """'7.3 of its 8.0 ms: ' where there are several causes."""
    if len(causes) < 2:
        return ""
    total = sum(abs(cause.lost_us) for cause in causes[:TOLD])
    if total > whole:
        return ""
    of = f"its {time(whole)}" if whose == "its" else f"{whose}'s {time(whole)}"
    return f"{time(total)} of {of}: "


def _listed(causes: list[Cause]) -> str:
    told = [f"{time(abs(cause.lost_us))} on {_named(cause)}" for cause in causes]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}" if told else ""


def _named(cause: Cause) -> str:
    kinds = ", ".join(cause.op_types[:KINDS])
    more = ", ..." if len(cause.op_types) > KINDS else ""
    return f"{cause.what} ({kinds}{more})" if kinds else cause.what
