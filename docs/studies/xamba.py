"""Study: what XAMBA's rewrites bring on a modelled NPU, what decides it, and what the published figures need.

    python docs/studies/xamba.py GRAPHS > docs/studies/xamba.out
    python docs/studies/xamba.py --fast   # without the two tables that take more than half of the time

GRAPHS is the folder of exported networks of the reference material; without it the last table is left out. Intel's
estimates come from `intel.csv` (see `intel.py`).

One layer of Mamba-2 130M on 4 tokens padded to its chunk of 256, and one layer of Mamba 130M on 1 to 256
tokens, fp16, random weights (they cost nothing). Seeded; runs in some seconds.
"""

from __future__ import annotations

import sys
from pathlib import Path

# This file is called like the package it studies: its own folder goes to the end of the path.
HERE = str(Path(__file__).resolve().parent)
sys.path = [p for p in sys.path if p != HERE] + [HERE]

import constants  # noqa: E402
import intel  # noqa: E402
import layers  # noqa: E402
import numpy as np  # noqa: E402
from constants import CUMSUM, REDUCE_SUM, band, solve  # noqa: E402
from layers import MACHINES, PATHS, latency_ms, machine, reduce_path, speedups  # noqa: E402

POINTS, SEED = 300, 0
TOKENS = (1, 4, 16, 64, 256)
COLUMNS = ("CumBA", "ReduBA", "both", "ActiBA", "all")
#: From the abstract (4.8, 2.6) and third-party summaries (2.7, 1.2); XAMBA; docs/sources.md.
PUBLISHED = {"CumBA": 2.7, "ReduBA": 1.2, "both": 4.8}
PUBLISHED_ACTIBA = 2.6
INTELS_LINE = 24.0  # cycles an element of CumSum on NPU 4000
WEIGHT_BYTES = 7.4e6  # of one layer of Mamba 130M in fp16


def title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def points() -> None:
    title("Mamba-2 130M, one layer, 4 tokens: speed-up at the constants of the hardware files")
    print(f"{'NPU, tiles':16}{'compiler':13}{'ReduceSum':20}{'base ms':>8}", end="")
    print("".join(f"{c:>8}" for c in COLUMNS))
    print(f"{'published':54}", "".join(f"{PUBLISHED.get(c, '-'):>8}" for c in COLUMNS), sep="   ")
    for name, tiles in MACHINES:
        for compiler in PATHS:
            found = speedups(layers.mamba2(), machine(name, tiles), compiler)
            print(
                f"{f'{name} {tiles}':16}{compiler:13}{reduce_path(machine(name, tiles), compiler):20}", end=""
            )
            print(f"{found['baseline']:8.2f}" + "".join(f"{found[c]:8.3f}" for c in COLUMNS))


def bands() -> None:
    title(f"The same over the disputed constants: P10-P90 (median) of {POINTS} draws, host time included")
    for scalar in (False, True):
        print(f"\nSelect (Where) {'at its scalar line' if scalar else 'vectorised'}")
        print(f"{'NPU, tiles':16}{'compiler':13}{'base ms':>14}", end="")
        print("".join(f"{c:>18}" for c in PUBLISHED))
        print(f"{'published':42}", "".join(f"{v:>18}" for v in PUBLISHED.values()))
        for name, tiles in MACHINES:
            hw = constants.draws(machine(name, tiles), POINTS, SEED, scalar)
            for compiler in PATHS:
                found = speedups(layers.mamba2(), hw, compiler)
                low, middle, high = band(found["baseline"])
                print(
                    f"{f'{name} {tiles}':16}{compiler:13}{f'{low:.0f}-{high:.0f} ({middle:.0f})':>14}", end=""
                )
                cells = (band(found[c]) for c in PUBLISHED)
                print("".join(f"{f'{a:.2f}-{c:.2f} ({b:.2f})':>18}" for a, b, c in cells))


def needed() -> float:
    title("What would have to be true: lunar_lake, 6 tiles, other constants in the middle of their ranges")
    hw, graphs = constants.centre(machine("lunar_lake", 6)), layers.mamba2()
    print("Cycles per element of CumSum for the published 2.7x of CumBA (Intel's line: 24), and of the DSP's")
    print("reduce_sum for the published 1.2x of ReduBA with that CumSum; then what both together bring.\n")
    print(f"{'compiler':13}{'ReduceSum':20}{'CumSum':>12}{'CumSum_b ms':>13}{'reduce_sum':>14}", end="")
    print("".join(f"{c:>9}" for c in PUBLISHED))
    least = float("inf")
    for compiler in PATHS:

        def ratio(column: str, name: str, hw=hw, compiler=compiler):  # type: ignore[no-untyped-def]
            return lambda values: speedups(graphs, hw.replace({name: values}), compiler)[column]

        cumsum = solve(ratio("CumBA", CUMSUM), PUBLISHED["CumBA"], 0.1, 1000.0)
        if cumsum is None:
            print(f"{compiler:13}{reduce_path(hw, compiler):20}{'no solution':>12}")
            continue
        there = hw.replace({CUMSUM: cumsum})
        wanted = solve(ratio("ReduBA", REDUCE_SUM, there), PUBLISHED["ReduBA"], 0.01, 100.0)
        if wanted is not None:  # the two move each other: settle them together
            for _ in range(20):
                at = hw.replace({REDUCE_SUM: wanted})
                cumsum = solve(ratio("CumBA", CUMSUM, at), PUBLISHED["CumBA"], 0.1, 1000.0) or cumsum
                there = hw.replace({CUMSUM: cumsum})
                wanted = solve(ratio("ReduBA", REDUCE_SUM, there), PUBLISHED["ReduBA"], 0.01, 100.0) or wanted
            there = there.replace({REDUCE_SUM: wanted})
        found = speedups(graphs, there, compiler)
        elements, clock_mhz = 24 * 256 * 256, float(hw.dsp.clock_mhz)
        parts = 1 if compiler.startswith("2024") else 12
        took = cumsum * elements / clock_mhz * 1e-3 / parts
        reduce_sum = "no solution" if wanted is None else f"{wanted:.2f}"
        print(
            f"{compiler:13}{reduce_path(hw, compiler):20}{cumsum:12.1f}{took:13.1f}{reduce_sum:>14}", end=""
        )
        print("".join(f"{found[c]:9.2f}" for c in PUBLISHED))
        if wanted is not None:
            least = min(least, cumsum)
    return least


def mamba1() -> None:
    title(f"Mamba 130M, one layer: ActiBA by tokens (published: {PUBLISHED_ACTIBA}x)")
    print("table: Softplus and SiLU as tables of 32 segments (in the drain path where the NPU has a lookup")
    print("unit, a DSP kernel elsewhere); in place: the same table in plain ops, priced as those ops;")
    print("relu: Softplus becomes Relu, as the authors' code has it.\n")
    print(f"{'NPU, tiles':16}{'compiler':9}{'':9}" + "".join(f"{f'T={t}':>10}" for t in TOKENS))
    for name, tiles in MACHINES:
        hw = machine(name, tiles)
        for compiler in ("2024.12", "2026"):
            rows = [speedups(layers.mamba1(t), hw, compiler) for t in TOKENS]
            label = f"{f'{name} {tiles}':16}{compiler:9}"
            print(f"{label}{'base ms':9}" + "".join(f"{r['baseline']:10.3f}" for r in rows))
            for column in ("table", "in place", "relu"):
                print(f"{'':{len(label)}}{column:9}" + "".join(f"{r[column]:10.3f}" for r in rows))


def mamba1_bands() -> None:
    title(f"The same with Relu over the disputed constants: P10-P90 (median) of {POINTS} draws, 2024.12")
    print("device: the NPU's own time; host: with 0.1 to 1 ms of host time for every inference.\n")
    print(f"{'NPU, tiles':16}{'':9}" + "".join(f"{f'T={t}':>18}" for t in TOKENS))
    for name, tiles in MACHINES:
        drawn = constants.draws(machine(name, tiles), POINTS, SEED)
        for label, hw in (("device", drawn.replace({"host.latency_ns": 0.0})), ("host", drawn)):
            cells = (band(speedups(layers.mamba1(t), hw, "2024.12")["relu"]) for t in TOKENS)
            print(
                f"{f'{name} {tiles}':16}{label:9}"
                + "".join(f"{f'{a:.2f}-{c:.2f} ({b:.2f})':>18}" for a, b, c in cells)
            )


def intels() -> None:
    title(
        "Intel's own estimate of the same layers (its compiler of 2026, offline; no hardware), 4 tokens, us"
    )
    print(
        "CumSum has no price there on meteor_lake and lunar_lake, so CumBA cannot gain. A table as a function"
    )
    print("is refused by OpenVINO; in plain ops it compiles.\n")
    for network, columns in intel.ASKED.items():
        print(f"{network:16}" + "".join(f"{c:>12}" for c in columns))
        for name, tiles in intel.NPUS:
            found = [intel.table().get((network, c, name, tiles)) for c in columns]
            print(f"{f'{name} {tiles}':16}" + "".join(f"{f'{us:,.0f}' if us else '-':>12}" for us in found))


def exported(folder: Path) -> None:
    title("Mamba-2 130M as transformers 5 exports it (CumSum and Einsum), 24 layers, 256 tokens: CumBA alone")
    print(f"{'NPU, tiles':16}{'compiler':13}{'base ms':>10}{'CumBA':>8}")
    graphs = layers.exported(folder / "large" / "mamba2_130m_tf5_L256_dy.onnx")
    for name, tiles in MACHINES:
        for compiler in ("2024.12", "2026"):
            found = speedups(graphs, machine(name, tiles), compiler)
            print(f"{f'{name} {tiles}':16}{compiler:13}{found['baseline']:10.1f}{found['CumBA']:8.2f}")


def notes(needs: float) -> None:
    title("Reading")
    hw = machine("lunar_lake", 6)
    graphs = layers.mamba2()
    p3, p1 = (speedups(graphs, hw, c) for c in ("2024.12", "2024.12-dsp"))
    shares = [1 / (1 / s["CumBA"] + 1 / s["ReduBA"] - 1) for s in (p3, p1)]
    sums = [speedups(graphs, hw, c)["ReduBA"] for c in PATHS if c != "2026"]
    new = speedups(graphs, hw, "2026")
    few = latency_ms(graphs["both"], hw, "2024.12")
    best = max(speedups(layers.mamba1(4), machine(*m), "2024.12")["relu"] for m in MACHINES)
    weights = WEIGHT_BYTES / float(hw.ddr.bandwidth_gb_per_s) * 1e-3
    for line in (
        "1. The path of ReduceSum decides: on Lunar Lake with 6 tiles and the constants of its file it moves",
        f"   ReduBA between {min(sums):.2f} and {max(sums):.2f}, and the 2026 compiler turns the sign: it makes matrix",
        "   products of Mul + ReduceSum by itself, and ReduBA, which hides the pattern, makes the layer",
        f"   {1 / new['ReduBA']:.1f} times slower.",
        "2. The two gains are shares of one baseline: 1/(1/CumBA + 1/ReduBA - 1) gives",
        f"   {shares[0]:.2f} (P3) and {shares[1]:.2f} (P1) for both,"
        f" the model {p3['both']:.2f} and {p1['both']:.2f}. So the",
        "   published 4.8 follows from 2.7 and 1.2 and is no third piece of evidence.",
        f"3. After both {few:.1f} ms are left, nearly all of it broadcast products passing through DDR twice.",
        "   XAMBA leaves them; a matrix product in their place would not.",
        "4. Against the central values of constants.py: the hardware file has Mul at Intel's line (0.137",
        "   cycles an element, there 0.3 and more for inner broadcasts), 114 GB/s for both DMA ports (68)",
        "   and reduce_sum at the price of an unknown kernel (1.79, there 1.05). The bands use the",
        "   ranges given there, without a broadcast factor of Mul; a rewritten sum costs one read of its operand.",
        "5. 2.7x and 1.2x together need a CumSum of",
        f"   {needs:.0f} cycles an element, {needs / INTELS_LINE:.1f} times Intel's own line, and",
        "   sums on the DSPs (P1). No other path of ReduceSum gives both at any price of CumSum.",
        f"6. 2.6x by ActiBA at 4 tokens is out of reach: with Relu in the place of Softplus {best:.2f}x at most,",
        f"   {weights:.0f} us of the layer are its weights, read once, whatever the activations cost.",
        "7. The in-place table is a loss on every NPU without a lookup unit, by Intel's estimate and by",
        "   npusim's price of the ops it is made of.",
        "8. No constant was fitted to a published speed-up, and nobody here measured one.",
    ):
        print(line)


if __name__ == "__main__":
    print("XAMBA (arXiv 2502.06924) on modelled NPUs. Published: 4.8x and 2.6x from abstracts, 2.7x and 1.2x")
    print("from third-party summaries; nothing below is tuned to them. Speed-up = latency before / after.")
    np.seterr(all="raise", under="ignore")
    fast = "--fast" in sys.argv
    points()
    bands()
    needs = needed()
    if not fast:
        mamba1()
    mamba1_bands()
    intels()
    notes(needs)
    if len(sys.argv) > 1 and not fast:
        exported(Path(sys.argv[1]))
