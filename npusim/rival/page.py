"""The page of `npusim against`: the answer, why, both latencies, kinds of op, and where the NPU would win."""

from __future__ import annotations

from npusim.report.text import latency
from npusim.rival.join import FLOAT32, HOST
from npusim.rival.record import Against, Kind, Over, Timing
from npusim.rival.sentence import headline, settled, why
from npusim.terminal.layout import Line, sentence, table
from npusim.terminal.units import digits, nbytes, times
from npusim.terminal.units import time as in_time

INDENT = 10
ROWS = 10
WORDS = {HOST: "host's launch", FLOAT32: "float32"}


def page(found: Against, top: int | None = None, width: int = 80) -> list[Line]:
    """The page's lines. `top`: rows of the table of kinds, the largest differences first."""
    report = found.report
    lines = sentence(f"{report.graph}: {headline(found)}", width, 0, style="bold")
    lines += sentence(settled(found), width, INDENT, "") if not found.settled else []
    lines += sentence(why(found), width, INDENT, "because")
    machine = f"{report.hardware}, {report.tiles} tiles, compiler {report.compiler}, {report.precision}"
    lines += sentence(
        f"{latency(report)} on {machine}, {in_time(report.host_us)} of it the host's",
        width,
        INDENT,
        "predicted",
    )
    lines += sentence(told(found.cpu), width, INDENT, "measured")
    if found.here is not None:
        lines += sentence(told(found.here), width, INDENT, "and")
    lines += sentence(memory(found), width, INDENT, "memory")
    lines += [Line(""), *_kinds(found, ROWS if top is None else top, width)]
    if found.over is not None:
        lines += [Line(""), *_over(found.over, width)]
    else:
        lines += sentence(nowhere(), width, INDENT, "elsewhere")
    for note in found.notes:
        lines += sentence(note, width, INDENT, "warning", style="yellow")
    for warning in report.warnings[:1]:
        lines += sentence(warning, width, INDENT, "warning", style="yellow")
    return lines


def told(timing: Timing) -> str:
    """'1.09 ms (1.02 to 1.2 ms), median and quartiles of 50 runs after 10; onnxruntime ..., 2 threads on ...'."""
    threads = f", {timing.threads} thread{'s' * (timing.threads != 1)}" if timing.threads else ""
    kind = f", in {timing.computes_in}" if timing.computes_in else ""
    return (
        f"{in_time(timing.median_us)} ({times(*timing.quartiles_us)}), median and quartiles of {timing.runs} runs "
        f"after up to {timing.warm_up}; {timing.runtime}{threads}{kind} on {timing.name}"
    )


def memory(found: Against) -> str:
    """What an inference reads, at which rate at least, and what the measurement took."""
    text = f"weights of {nbytes(found.weight_bytes)}, read at {digits(found.gb_per_s)} GB/s at least"
    made = f"; {nbytes(found.made_bytes)} of them were not there: zeros stood in" if found.made_bytes else ""
    return f"{text}{made}; the measurement took {nbytes(found.cpu.memory_bytes)}"


def nowhere() -> str:
    """What to do to hear at which size the NPU would win."""
    return (
        "give --over batch=1,4,16 (a dimension that is free in the file) to hear at which size the NPU wins"
    )


def shown(kinds: tuple[Kind, ...], top: int) -> list[Kind]:
    """The `top` rows that differ most, in the order of losses."""
    ranked = sorted(kinds, key=lambda kind: -abs(kind.lost_us))
    kept = {id(kind) for kind in ranked[:top]}
    return [kind for kind in kinds if id(kind) in kept]


def _kinds(found: Against, top: int, width: int) -> list[Line]:
    rows = shown(found.kinds, top)
    rest = [kind for kind in found.kinds if kind not in rows]
    cells = [_row(kind, found.here is not None) for kind in rows]
    if rest:
        here = None if found.here is None else sum(kind.measured_us or 0.0 for kind in rest)
        other = Kind(
            f"{len(rest)} other{'s' * (len(rest) != 1)}",
            sum(k.nodes for k in rest),
            sum(k.npu_us for k in rest),
            sum(k.cpu_us for k in rest),
            here,
        )
        cells.append(_row(other, found.here is not None))
    header = ["kind of op", "nodes", "NPU", "CPU", "NPU loses"]
    if found.here is not None:
        header.insert(3, "measured")
    return table(header, cells, width, words=(0,))


def _row(kind: Kind, here: bool) -> tuple[str, ...]:
    name = WORDS.get(kind.op_type, kind.op_type)
    cells = [
        name,
        str(kind.nodes) if kind.nodes else "",
        in_time(kind.npu_us),
        in_time(kind.cpu_us),
        in_time(kind.lost_us, sign=True),
    ]
    if here:
        cells.insert(3, in_time(kind.measured_us or 0.0))
    return tuple(cells)


def _over(found: Over, width: int) -> list[Line]:
    rows = [
        (
            f"{p.size:,}",
            in_time(p.npu_us),
            in_time(p.cpu_us),
            "measured" if p.measured else "scaled",
            f"{p.cpu_us / p.npu_us:.2f}x" if p.npu_us else "-",
        )
        for p in found.points
    ]
    lines = table((found.dim, "NPU", "CPU", "which is", "NPU as fast"), rows, width, words=(3,))
    return [*lines, *sentence(found.sentence, width, 0)]
