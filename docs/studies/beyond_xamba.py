"""Study: how far exact rewrites go beyond XAMBA, chosen by price, on three NPUs and two compilers.

    python docs/studies/beyond_xamba.py               # predictions for the networks that are generated here
    python docs/studies/beyond_xamba.py --fast        # only those of a few seconds, as the tests run it
    NPUSIM_VENDOR_COMPILER="CMD" python docs/studies/beyond_xamba.py --all GRAPHS > docs/studies/beyond_xamba.out

GRAPHS is the folder of exported networks of the reference material (decode steps and hybrids). With --all the error is
measured, onnxruntime's time on one thread of this CPU (medians) stands beside it as an independent witness that less
work is real, and Intel's compiler (CMD MODEL PLATFORM OUT NPU_TILES=n, offline) gives its estimate where it compiles
(-: it refuses, or takes minutes): of the one file for all targets, and of the file chosen for that NPU alone.

XAMBA: CumBA and ReduBA everywhere, as the paper has them. Ours: `xamba.choice`, exact rewrites only, one file for all
six targets and slower on none, activations assumed finite (0 x inf). Weights are random: they cost nothing here.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path = [p for p in sys.path if p != str(HERE)] + [str(HERE), str(HERE.parents[1] / "examples")]

import argparse  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from statistics import median  # noqa: E402

import delta  # noqa: E402
import make_mamba1  # noqa: E402
import make_mamba2  # noqa: E402
import numpy as np  # noqa: E402
import onnx_ir as ir  # noqa: E402

from npusim.errors import NpusimError  # noqa: E402
from npusim.measured.compiler import command_of  # noqa: E402
from xamba import CumBA, ReduBA  # noqa: E402
from xamba.choice.choose import Chooser  # noqa: E402
from xamba.choice.measured import region_error  # noqa: E402
from xamba.choice.moves import candidates, copy_of  # noqa: E402
from xamba.choice.pricing import Pricer  # noqa: E402
from xamba.choice.regions import extract, regions  # noqa: E402
from xamba.choice.targets import Target, shipped, targets  # noqa: E402
from xamba.choice.witness import Estimate, Witness  # noqa: E402
from xamba.facts.facts import Facts  # noqa: E402
from xamba.files import load  # noqa: E402
from xamba.pipeline import rewrite  # noqa: E402
from xamba.proof.runtime import Runner  # noqa: E402
from xamba.proof.samples import random_inputs  # noqa: E402
from xamba.proof.weights import random_weights  # noqa: E402

M130, B27 = make_mamba2.M130, make_mamba2.M130._replace(hidden=2560, inner=5120, heads=80)


@dataclass(frozen=True)
class Network:
    """One block of the study. `fast`: of a few seconds. `runs`: small enough for a CPU. `asks`: Intel's too."""

    name: str
    make: Callable[[], ir.Model]
    fast: bool = False
    runs: bool = True
    asks: bool = False


def mamba2(sizes: make_mamba2.Sizes, tokens: int) -> Callable[[], ir.Model]:
    return lambda: ir.serde.deserialize_model(make_mamba2.make(s=sizes._replace(length=tokens)))


def networks() -> list[Network]:
    """The networks that need no file."""
    small = [
        Network(f"mamba2-130m, 1 layer, {t} tokens", mamba2(M130, t), t == 4, t <= 256, t == 4)
        for t in (4, 64, 256, 1024, 8192)
    ]
    large = [
        Network(f"mamba2-2.7b, 1 layer, {t} tokens", mamba2(B27, t), runs=t <= 4) for t in (4, 256, 8192)
    ]
    first = [
        Network(
            f"mamba-130m, 1 layer, {t} tokens",
            lambda t=t: ir.serde.deserialize_model(make_mamba1.make(t)),
            t == 4,
        )
        for t in (4, 64)
    ]
    rule = Network(
        "delta rule, chunk of 64, 8 heads", lambda: ir.serde.deserialize_model(delta.make()), asks=True
    )
    return [*small, *large, *first, rule]


def one_layer(path: Path) -> ir.Model:
    """The layer of a model that comes most often, as a model of its own. The reference material leaves out what is
    over 1 KB; constants that are called ones and zeros, from which the exporter makes masks and a first state, are
    put back."""
    model = load(path)
    for name, value in model.graph.initializers.items():
        tensor = value.const_value
        if isinstance(tensor, ir.ExternalTensor) and name.startswith(("ones", "zeros")):
            shape = tuple(int(d) for d in tensor.shape)  # type: ignore[arg-type]
            value.const_value = ir.tensor(
                np.full(shape, name.startswith("ones"), tensor.dtype.numpy()), name=name
            )
    facts = Facts(model)
    return extract(model, facts, max(regions(model, facts), key=lambda region: region.count))


def exported(folder: Path) -> list[Network]:
    """Decode steps and hybrids, exported from the Hugging Face code."""
    large, toy = folder / "large", folder / "small"
    return [
        Network(
            "mamba2-130m, 1 layer as transformers 5 exports it, 256 tokens",
            lambda: one_layer(large / "mamba2_130m_tf5_L256_dy.onnx"), asks=True,
        ),
        Network("mamba2-130m, 24 layers, decode", lambda: load(large / "mamba2_130m_tf5_dec_dy.onnx"), runs=False),
        Network("mamba-130m, 24 layers, decode", lambda: load(large / "mamba130m_tf5_dec_ts.onnx"), runs=False),
        Network("Bamba (toy), 32 tokens", lambda: load(toy / "bamba_L32_dy.onnx")),
        Network("RecurrentGemma (toy), 16 tokens", lambda: load(toy / "recurrentgemma_L16_dy.onnx")),
    ]  # fmt: skip


def study(network: Network, everything: bool, asked: Witness | None) -> None:
    before = network.make()
    paper = copy_of(before)
    rewrite(paper, [CumBA(), ReduBA()])
    choice = Chooser(shipped(), candidates(True, None, {"assume_finite": True})).choose(before)
    prices = [choice.before, Pricer(shipped())(paper), choice.after]
    print(f"\n{network.name}")
    for at, target in enumerate(shipped()):
        base, xamba, ours = (p[at] for p in prices)
        print(
            f"  {f'{target.hardware.name}, {target.compiler.name}':24}{base:14,.1f}{xamba:14,.1f}{ours:14,.1f}"
            f"{base / xamba:10.2f}x{base / ours:10.2f}x{xamba / ours:10.2f}x"
        )
    counts = {s.pass_name: 0 for s in choice.sites if s.taken}
    for site in choice.sites:
        if site.taken:
            counts[site.pass_name] += site.count
    print("  taken: " + (", ".join(f"{n} {name}" for name, n in counts.items()) or "nothing"))
    if everything and network.runs:
        measured(before, paper, choice.model)
    if asked is not None and network.asks:
        for model, name in ((before, "as it is"), (paper, "XAMBA"), (choice.model, "ours")):
            _say(name, asked.targets, asked.estimates(model))
        alone = [estimate_alone(before, target, asked) for target in asked.targets]
        _say("its own", asked.targets, alone)


def estimate_alone(before: ir.Model, target: Target, asked: Witness) -> Estimate:
    """Intel's estimate of the file that is chosen for one NPU and compiler 2026 alone."""
    ours = Chooser((target,), candidates(True, None, {"assume_finite": True})).choose(before)
    return Witness(asked.command, (target,)).estimates(ours.model)[0]


def _say(name: str, places: Sequence[Target], estimates: Sequence[Estimate]) -> None:
    pairs = zip(places, estimates, strict=True)
    words = [f"{t.generation}, {int(t.hardware.tiles)} tiles {_figure(e)}" for t, e in pairs]
    print(f"  Intel's compiler, {name + ':':10}" + "; ".join(words))


def _figure(estimate: Estimate) -> str:
    """Intel's own figure; starred where it prices something at nothing."""
    return "-" if estimate.refusal else f"{estimate.us:,.1f}{'*' if estimate.ours_us else ''} us"


def measured(*models: ir.Model) -> None:
    """Error of the last model against the first, and onnxruntime's time of each on this CPU."""
    error = region_error(models[0], models[-1], 0, {})
    times = [seconds(model) for model in models]
    print(
        f"  error of ours {error:.1e} of the largest magnitude; onnxruntime on one thread: "
        + " -> ".join(f"{1e3 * t:,.1f}" for t in times)
        + f" ms ({times[0] / times[-1]:.1f}x)"
    )


def seconds(model: ir.Model, repeats: int = 5) -> float:
    """The median of a few runs on one thread, after one that does not count."""
    with random_weights(model, 0, {}):
        run = Runner(model, "onnxruntime", "the model", threads=1)
        feeds = random_inputs(model, 0, {})
        found = []
        for _ in range(repeats + 1):
            start = time.perf_counter()
            run(feeds)
            found.append(time.perf_counter() - start)
    return median(found[1:])


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--all", metavar="GRAPHS")
    parser.add_argument("--only", default="", help="words of the networks wanted, between semicolons")
    given = parser.parse_args(arguments)
    wanted = [n for n in networks() if n.fast or not given.fast]
    asked = None
    if given.all:
        wanted += exported(Path(given.all))
        try:
            places = targets(["meteor_lake", "lunar_lake", "panther_lake"])
            six = Target(places[1].hardware.replace({"tiles": 6}), places[1].compiler)
            asked = Witness(command_of(), (*places[:2], six, places[2]))
        except NpusimError:
            print("Intel's compiler is not at hand: its lines are left out.\n")
    print(
        "Exact rewrites chosen by price, beside XAMBA's two; predicted us. Nothing is fitted to a published speed-up."
    )
    print(
        "Intel's figures are estimates of its compiler; *: it gives some kernels no time (CumSum, Select).\n"
    )
    print(
        f"  {'NPU, compiler':24}{'as it is us':>14}{'XAMBA us':>14}{'ours us':>14}"
        f"{'XAMBA':>11}{'ours':>11}{'ours/XAMBA':>11}"
    )
    for network in wanted:
        if any(word in network.name for word in given.only.split(";")):
            study(network, bool(given.all), asked)
            sys.stdout.flush()


if __name__ == "__main__":
    np.seterr(all="ignore")
    main(sys.argv[1:])
