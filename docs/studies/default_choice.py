"""Study: does what xamba takes by default ever lose by Intel's own estimate?

    NPUSIM_VENDOR_COMPILER="CMD" python docs/studies/default_choice.py GRAPHS > docs/studies/default_choice.out

GRAPHS is a folder of ONNX files (the committed table is of `graphs/small` of the reference material). On NPU 5010,
where Intel's compiler prices CumSum, every model is compiled as it is, after the paper's passes (`xamba optimize`),
and after the choice by price (`xamba optimize --for panther_lake`). CMD MODEL PLATFORM OUT NPU_TILES=n runs the
compiler offline.
Figures are microseconds; Intel's are estimates of its compiler (8.4), not hardware.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path = [p for p in sys.path if p != str(HERE)]

import tempfile  # noqa: E402
from collections import Counter  # noqa: E402

import npusim  # noqa: E402
from npusim.errors import FreeDimension, NpusimError  # noqa: E402
from npusim.measured.compiler import command_of  # noqa: E402
from npusim.simulation import simulate  # noqa: E402
from xamba import optimize  # noqa: E402
from xamba.choice.choose import Chooser, optimize_for  # noqa: E402
from xamba.choice.targets import targets  # noqa: E402
from xamba.choice.witness import Witness  # noqa: E402
from xamba.errors import XambaError  # noqa: E402
from xamba.files import load  # noqa: E402

NPU, COMPILER = "panther_lake", "2026"
BATCH = {"batch": 1, "B": 1}


def row(path: Path, command: list[str]) -> str:
    """The line of one model."""
    place = targets([NPU], [COMPILER])
    dims = free(path)
    asked = Witness(command, place, dims)
    intel, ours, taken = [], [], "-"
    with tempfile.TemporaryDirectory() as folder:
        files = [path, Path(folder) / "paper.onnx", Path(folder) / "chosen.onnx"]
        optimize(path, files[1], check_answer=False, dims=dims or None)
        choice = optimize_for(path, files[2], Chooser(place, dims=dims), check_answer=False)
        counts = Counter()
        for site in choice.sites:
            counts[site.pass_name] += site.count * site.taken
        taken = ", ".join(f"{n} {name}" for name, n in counts.items() if n) or "nothing"
        for number, file in enumerate(files):
            same = file.read_bytes() == path.read_bytes()
            intel.append(intel[0] if number and same else asked.estimates(load(file))[0])
            ours.append(simulate(npusim.load(file, dims=dims), place[0].hardware, COMPILER).latency_us)
    said = "".join(f"{'refused' if e.refusal else f'{e.us:.1f}':>9}" for e in intel)
    return f"{path.stem:26}{said}" + "".join(f"{us:9.1f}" for us in ours) + f"  {taken}"


def free(path: Path) -> dict[str, int]:
    """Lengths of the model's free dimensions: one of a batch."""
    try:
        npusim.load(path)
    except FreeDimension:
        return {
            n: 1
            for v in load(path).graph.inputs
            for d in v.shape or ()
            if (n := getattr(d, "value", None)) and not isinstance(n, int)
        }
    return {}


def main(folder: str) -> None:
    print(
        f"NPU 5010 ({NPU}, compiler {COMPILER}), us: Intel's estimate | npusim's price, of the model as it is, after"
    )
    print(
        "the paper's passes, and after the choice by price; then what was chosen. 'refused': Intel's compiler does.\n"
    )
    heads = ("as it is", "paper's", "chosen")
    print(f"{'model':26}" + "".join(f"{h:>9}" for h in heads * 2) + "  chosen")
    command = command_of()
    for path in sorted(Path(folder).glob("*.onnx")):
        try:
            print(row(path, command), flush=True)
        except (NpusimError, XambaError) as error:
            print(f"{path.stem:26} left out: {str(error)[:90]}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
