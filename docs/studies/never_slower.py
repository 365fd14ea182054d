"""Study: is a result of `xamba optimize --for` anywhere predicted slower than its input?

    python docs/studies/never_slower.py GRAPHS [WORDS] > docs/studies/never_slower.out

GRAPHS is the folder of exported networks of the reference material; WORDS picks files by a part of their path.
Every file is chosen for once, for all shipped NPUs and compilers together, written, read again by npusim's own door
and priced there before and after. A ratio above 1 is a gain; one below breaks the law (`BROKEN`). Nothing is run:
answers are the business of `xamba verify`.
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
from npusim.simulation import simulate  # noqa: E402
from xamba.choice.choose import Chooser, optimize_for  # noqa: E402
from xamba.choice.targets import shipped  # noqa: E402
from xamba.errors import XambaError  # noqa: E402
from xamba.files import load  # noqa: E402

FOLDERS = ("traps", "small", "large", "llm/small", "llm/blocks", "llm/large")
SAME = 1 + 1e-9
LENGTH = 16  # of a dimension that the file leaves free


def free(path: Path) -> dict[str, int]:
    """Lengths of the free dimensions of a file, empty where it has none."""
    try:
        npusim.load(path)
    except FreeDimension:
        shapes = [v.shape for v in load(path).graph.inputs if v.shape is not None]
        names = {getattr(d, "value", None) for shape in shapes for d in shape if not isinstance(d, int)}
        return {name: 1 if "batch" in name.lower() else LENGTH for name in names if name}
    return {}


def row(path: Path, name: str) -> str:
    """The line of one file."""
    dims = free(path)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.onnx"
        choice = optimize_for(path, out, Chooser(shipped(), dims=dims), check_answer=False)
        graphs = [npusim.load(file, dims=dims) for file in (path, out)]
        ratios = []
        for target in choice.targets:
            before, after = (
                simulate(g, target.hardware, target.compiler, band=False).latency_us for g in graphs
            )
            ratios.append((before, after))
    taken = Counter[str]()
    for site in choice.sites:
        taken[site.pass_name] += site.count * site.taken
    words = ", ".join(f"{n} {one}" for one, n in taken.items() if n) or "nothing"
    broken = "  BROKEN" if any(after > before * SAME for before, after in ratios) else ""
    return f"{name:44}" + "".join(f"{b / a if a else 1.0:9.2f}" for b, a in ratios) + f"  {words}{broken}"


def main(folder: str, words: str = "") -> None:
    print("Predicted speed-up of the file that is chosen for all shipped NPUs and compilers together.\n")
    print(f"{'':44}" + "".join(f"{t.hardware.name.split('_')[0]:>9}" for t in shipped()))
    print(f"{'graph':44}" + "".join(f"{t.compiler.name:>9}" for t in shipped()) + "  taken")
    for place in FOLDERS:
        for path in sorted((Path(folder) / place).glob("*.onnx")):
            name = f"{place}/{path.stem}"
            if words not in name:
                continue
            try:
                print(row(path, name), flush=True)
            except (NpusimError, XambaError) as error:
                print(f"{name:44} left out: {str(error)[:100]}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
