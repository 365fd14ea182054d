"""Study: on which NPUs does CumBA pay?

    python docs/studies/where_cumba_pays.py > docs/studies/where_cumba_pays.out
    python docs/studies/where_cumba_pays.py --plots        # also the PNG and HTML beside this file

One layer of Mamba-2 130M on 4 tokens padded to its chunk of 256 (`examples/make_mamba2.py --130m`), fp16, before
and after `xamba.CumBA()`, on variants of Lunar Lake with 4 tiles: the speed-up is latency before over after. Nothing
is fitted here; every number that is not on an axis is that of `hw_configs/lunar_lake.yaml`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

# `xamba.py` beside this file is a study and no package: its folder goes to the end of the path.
HERE = Path(__file__).resolve().parent
sys.path = [p for p in sys.path if p != str(HERE)] + [str(HERE.parents[1] / "examples")]

import make_mamba2  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnx_ir as ir  # noqa: E402

import npusim  # noqa: E402
import xamba  # noqa: E402
from npusim import Graph, Hardware  # noqa: E402
from npusim.plotting import save as plots  # noqa: E402
from npusim.plotting.figure import Axis, Heat  # noqa: E402
from npusim.plotting.from_results import speed_up  # noqa: E402
from npusim.sweeping import Range, sweep  # noqa: E402

COMPILERS = ("2024.12", "2026")
WIDTH, SCAN, MACS = "dsp.vector_bits", "dsp.kernels.cumsum.cycles_per_element", "mac_array.macs_per_cycle"
#: Steps of half an octave, so that the published machine (512 bits, 2048 MACs) is a point of the map.
MAC_RATES = Range(8, 16384, 23, log=True)
WIDTHS = Range(32, 8192, 17, log=True)
SCANS = Range(0.1, 100, 31, log=True)  # NPU 3720's line is 7, NPU 4000's 24; 0.137 is a vectorised Mul
SHADES = ((0.8, ":"), (1.0, "."), (1.25, "-"), (2.0, "+"), (4.0, "*"), (np.inf, "#"))


def graphs() -> dict[str, Graph]:
    """The layer, and the layer after CumBA."""
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.onnx", Path(folder) / "after.onnx"
        onnx.save(make_mamba2.make(s=make_mamba2.M130), before)
        result = xamba.CumBA()(ir.load(before))
        ir.save(result.model, after)
        return {"baseline": npusim.load(before), "CumBA": npusim.load(after)}


def speedups(
    found: dict[str, Graph], hw: Hardware, vary: dict[str, Range], compiler: str
) -> tuple[Axis, Axis, np.ndarray]:
    """The two axes and the speed-up [x, y]."""
    answer = sweep(found, hw, vary, compiler=compiler)
    axes = [Axis(n, answer[n].attrs["units"], tuple(answer[n].values.tolist()), True) for n in vary]
    return axes[0], axes[1], answer["speedup"].sel(model="CumBA").transpose(*vary).values


def ascii_map(x: Axis, y: Axis, ratio: np.ndarray) -> None:
    """A character a cell, every second y, the largest on top; '|' stands where a row crosses break-even."""
    for j in reversed(range(0, len(y.values), 2)):
        row = ""
        for i in range(len(x.values)):
            crosses = i > 0 and (ratio[i - 1, j] >= 1) != (ratio[i, j] >= 1)
            row += ("|" if crosses else " ") + next(c for limit, c in SHADES if ratio[i, j] < limit)
        print(f"{y.values[j]:9.0f} {row}")
    marks = [" "] * (2 * len(x.values) + 8)
    for i in range(0, len(x.values), 5):
        text = f"{x.values[i]:.3g}"
        marks[2 * i + 1 : 2 * i + 1 + len(text)] = text
    print(" " * 10 + "".join(marks).rstrip())


def title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def maps(found: dict[str, Graph], hw: Hardware, x_name: str, x: Range) -> dict[str, Heat]:
    figures = {}
    for compiler in COMPILERS:
        ax, ay, ratio = speedups(found, hw, {x_name: x, MACS: MAC_RATES}, compiler)
        print(f"\ncompiler {compiler}: {ratio.min():.2f} to {ratio.max():.2f}")
        ascii_map(ax, ay, ratio)
        note = f"One layer of Mamba-2 130M, 4 tokens, compiler {compiler}, fp16, variants of Lunar Lake with 4 tiles."
        figures[compiler] = speed_up("Speed-up by CumBA", note, ax, ay, ratio)
    return figures


def break_even(found: dict[str, Graph], hw: Hardware, compiler: str) -> tuple[float, float]:
    """Cycles per element of CumSum at which CumBA stops paying (nan: nowhere from 0.01 to 100), and the speed-up at
    the machine's own line."""
    scans = Range(0.01, 100, 401, log=True)
    ratio = sweep(found, hw, {SCAN: scans}, compiler=compiler)["speedup"].sel(model="CumBA")
    own = (
        sweep(found, hw, {SCAN: [float(hw.get(SCAN))]}, compiler=compiler)["speedup"]
        .sel(model="CumBA")
        .item()
    )
    cycles, high = np.log(ratio[SCAN].values), np.log(ratio.values)
    crossings = np.flatnonzero((high[:-1] < 0) & (high[1:] >= 0))
    if not crossings.size:
        return float("nan"), own
    i = int(crossings[-1])
    return float(np.exp(cycles[i] - high[i] * (cycles[i + 1] - cycles[i]) / (high[i + 1] - high[i]))), own


def table(found: dict[str, Graph]) -> dict[tuple[str, str], float]:
    """Break-even of the three NPUs, printed and by (NPU, compiler)."""
    title("Break-even of the NPUs as they are")
    print("CumSum's cycles per element on one DSP: Intel's line, and where CumBA would stop paying.\n")
    print(
        f"{'NPU':14}{'tiles':>6}{'MACs/cycle':>12}{'compiler':>10}{'line':>8}{'speed-up':>10}{'break-even':>12}"
    )
    result = {}
    for name in ("meteor_lake", "lunar_lake", "panther_lake"):
        hw = npusim.hardware(name)
        for compiler in COMPILERS:
            level, own = break_even(found, hw, compiler)
            result[name, compiler] = level
            shown = f"{level:.2f}" if np.isfinite(level) else "none"
            print(f"{name:14}{hw.tiles:6d}{hw.mac_array.macs_per_cycle:12.0f}{compiler:>10}", end="")
            print(f"{float(hw.get(SCAN)):8.2f}{own:10.2f}{shown:>12}")
    return result


def notes(found: dict[str, Graph], hw: Hardware, levels: dict[tuple[str, str], float]) -> None:
    title("Reading")
    octaves = {WIDTH: Range(512, 8192, 2, log=True), MACS: [2048]}
    (narrow, wide), (few, many) = (
        speedups(found, hw, vary, "2026")[2].ravel() for vary in (octaves, {WIDTH: [512], MACS: [32, 2048]})
    )
    slow = break_even(found, hw.replace({MACS: 64}), "2026")[0]
    old, new = (100 * (1 - 1 / break_even(found, hw, c)[1]) for c in COMPILERS)
    level, line_now = levels["lunar_lake", "2026"], float(hw.get(SCAN))
    for line in (
        "1. CumSum's kernel is scalar, so a wider DSP does not help it: with 2026 and 2048 MACs a cycle CumBA",
        f"   brings {narrow:.2f} at 512 bits and {wide:.2f} at 8192, where all that is around it takes less.",
        f"2. What decides is the scan itself. With 2026 on Lunar Lake CumBA pays above {level:.2f} cycles per element,",
        f"   above {slow:.1f} if there were 64 MACs a cycle; Intel's line is {line_now:.0f}.",
        f"3. CumBA takes {old:.0f} % off the layer with 2024.12 and {new:.0f} % with 2026: the older compiler runs the",
        "   scan on one DSP, but sums and products beside it take longer; 2026 makes matrix products of those.",
        "4. The mask costs 256 MACs per element instead of one addition: with 2026 CumBA brings",
        f"   {many:.2f} at 2048 MACs a cycle and {few:.2f} at 32.",
    ):
        print(line)


def main() -> None:
    print("Where CumBA pays: one layer of Mamba-2 130M, 4 tokens padded to 256, Lunar Lake's other numbers.")
    found, hw = graphs(), npusim.hardware("lunar_lake")
    limits = ["below 0.8 ':'", "below 1 '.'", "to 1.25 '-'", "to 2 '+'", "to 4 '*'", "above '#'"]
    print(f"Speed-up {', '.join(limits)}; '|' is break-even.")
    title(f"{MACS} (up) over {WIDTH} (across): CumSum runs as scalar code, as Intel profiled it")
    maps(found, hw, WIDTH, WIDTHS)
    title(f"{MACS} (up) over {SCAN} (across)")
    figures = maps(found, hw, SCAN, SCANS)
    levels = table(found)
    notes(found, hw, levels)
    if "--plots" in sys.argv:
        for compiler, figure in figures.items():
            plots.save(figure, HERE / f"where_cumba_pays_{compiler}.png")
        plots.save(figures["2026"], HERE / "where_cumba_pays_2026.html")


if __name__ == "__main__":
    main()
