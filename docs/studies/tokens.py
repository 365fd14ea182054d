"""Study: how fast do language models answer on three NPUs, and where does a state space overtake attention?

    python docs/studies/tokens.py CONFIGS > docs/studies/tokens.out
    python docs/studies/tokens.py CONFIGS --plots        # also tokens.png beside this file

CONFIGS is a folder with a folder for each model and its config.json in it (the committed table is of
`graphs/llm/configs` of the reference material). A prompt of 1,024 tokens in one pass; a token behind a static cache
that is full, of so many rows as its column says; with the host's part; compiler 2026. Nothing is measured here, and
no language model has been measured on these NPUs by us: in 80 of 100 cases a number is expected within 0.6 and 1.2
times what stands here.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path = [p for p in sys.path if p != str(HERE)]  # `xamba.py` beside this file is a study and no package

import numpy as np  # noqa: E402
import onnx_ir as ir  # noqa: E402

import npusim  # noqa: E402
from npusim.compiler.rules.profile import load_profile  # noqa: E402
from npusim.generating.asked import Asked  # noqa: E402
from npusim.generating.curve import Curve, curve  # noqa: E402
from npusim.generating.exports import passes_of  # noqa: E402
from npusim.generating.graphs import Built  # noqa: E402
from npusim.generating.passes import Conditions, Pass, run  # noqa: E402
from npusim.language import counts, read_config  # noqa: E402
from npusim.plotting import save as plots  # noqa: E402
from npusim.plotting.figure import Axis, Lines, Series  # noqa: E402
from xamba.pipeline import make_pass, rewrite  # noqa: E402

NPUS = ("meteor_lake", "lunar_lake", "panther_lake")
MODELS = ("mamba-130m", "mamba2-130m", "mamba2-2.7b", "llama-3.2-1b", "llama-3.1-8b")
STATE_SPACES = ("mamba-130m", "mamba2-130m", "mamba2-2.7b")
WIDTHS = ("fp16", "int8", "int4")
PROMPT = 1024
CONTEXTS = (128, 1024, 8192, 32768)
STEP = 1  # rows before a token of a state space; its state is of one size
FAR = 131072  # rows: as far as a crossing is looked for
#: What is tried on the prompts' graphs: the paper's rewrite that fits, and what `xamba optimize --for lunar_lake` chose
#: of them for Mamba-2 130M (products, masks, cumba; it takes 27 s, so it is applied here and not chosen again).
REWRITES = {"as built": (), "CumBA": ("cumba",), "chosen": ("products", "masks", "cumba")}
#: Left out, as is the token's graph of the large model, which holds what the small one's does: it takes 10 s more.
LEFT_OUT = {("mamba2-2.7b", "CumBA")}
#: Attention of the size of each state space: width, layers and heads of GPT-3's table (Brown et al. 2020, table 2.1),
#: in Llama's form, with Mamba's vocabulary. Every head has its own keys and values, as there.
ATTENTION = {"mamba2-130m": (768, 12, 12), "mamba2-2.7b": (2560, 32, 32)}

Speeds = dict[tuple[str, str, str], list[float]]
_compiler = load_profile("2026-measured")


@cache
def conditions(npu: str) -> Conditions:
    return Conditions(npusim.hardware(npu), _compiler)


@lru_cache(maxsize=2)
def passes(config: Path, weights: str, names: tuple[str, ...] = ()) -> Built:
    """A model's graphs, each rewritten by the passes of these names."""
    found = passes_of([str(config)], Asked(weights=weights), {}, rewritten(names) if names else None)
    assert isinstance(found, Built)
    return found


def rewritten(names: Sequence[str]) -> Callable[[Any], Any]:
    def apply(proto: Any) -> Any:
        model = ir.from_proto(proto)
        rewrite(model, [make_pass(name) for name in names])
        return ir.to_proto(model)

    return apply


@cache
def one(config: Path, weights: str, names: tuple[str, ...], tokens: int, past: int, npu: str) -> Pass:
    """A pass on an NPU."""
    return run(passes(config, weights, names).graph(tokens, past), conditions(npu), past, tokens)


def time_us(config: Path, weights: str, names: tuple[str, ...], tokens: int, past: int, npu: str) -> float:
    return one(config, weights, names, tokens, past, npu).time_us


def title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def speeds(folder: Path, models: Sequence[str] = MODELS) -> Speeds:
    """First token and tokens a second, printed; (model, weights, NPU) -> tokens a second at CONTEXTS."""
    title(f"First token after a prompt of {PROMPT:,}, ms; tokens a second at a context of")
    heads = "".join(f"{c:>8,}" for c in CONTEXTS)
    print(f"{'model':14}{'weights':>8}{'GB':>7}  {'NPU':13}{'first':>8}{heads}")
    result: Speeds = {}
    for model in models:
        weigh = counts(read_config(folder / model))
        for weights in WIDTHS:
            found = passes(folder / model, weights)
            npus = NPUS if weights != "int8" else ("lunar_lake",)  # one NPU: the study is to stay short
            rows = [STEP + 1] * len(CONTEXTS) if found.recurrent else CONTEXTS
            first = [time_us(folder / model, weights, (), PROMPT, 0, npu) for npu in npus]
            steps = [[time_us(folder / model, weights, (), 1, row - 1, npu) for npu in npus] for row in rows]
            for k, npu in enumerate(npus):
                per_s = [1e6 / step[k] for step in steps]
                result[model, weights, npu] = per_s
                what = (
                    f"{model:14}{weights:>8}{weigh.weight_bytes(weights, 128) / 1e9:7.2f}"
                    if k == 0
                    else " " * 29
                )
                print(
                    f"{what}  {npu:13}{first[k] / 1e3:8.0f}" + "".join(f"{each:8.1f}" for each in per_s),
                    flush=True,
                )
    return result


def rewrites(folder: Path, models: Sequence[str] = STATE_SPACES) -> dict[tuple[str, str], list[float]]:
    """What xamba's rewrites bring on prompts, printed; (model, rewrites) -> ms on each NPU."""
    title(
        f"Rewritten by xamba, fp16: first token after a prompt of {PROMPT:,}, ms; tokens a second on Lunar Lake"
    )
    print(f"{'model':14}{'rewrites':10}" + "".join(f"{npu:>14}" for npu in NPUS) + f"{'tokens/s':>10}")
    result = {}
    for model in models:
        for name, names in REWRITES.items():
            if (model, name) in LEFT_OUT:
                continue
            first = [time_us(folder / model, "fp16", names, PROMPT, 0, npu) for npu in NPUS]
            result[model, name] = [us / 1e3 for us in first]
            step = "-"
            if not (names and model == "mamba2-2.7b"):
                step = f"{1e6 / time_us(folder / model, 'fp16', names, 1, STEP, 'lunar_lake'):.1f}"
            print(
                f"{model:14}{name:10}" + "".join(f"{us / 1e3:14.0f}" for us in first) + f"{step:>10}",
                flush=True,
            )
    return result


def crossings(folder: Path) -> None:
    """From which context on the state space gives more tokens a second than attention."""
    title("Attention against state space, Lunar Lake: from which context on Mamba-2 is faster")
    heads = f"{'at 128':>9}{'at 32,768':>11}{'overtakes':>11}"
    print(f"{'state space':14}{'attention':22}{'weights':>8}{'tokens/s':>10}{heads}")
    with tempfile.TemporaryDirectory() as made:
        for model, shape in ATTENTION.items():
            rivals = {f"same size, {parameters(made, shape) / 1e6:,.0f} M": attention(Path(made), shape)}
            if model == "mamba2-2.7b":
                rivals |= {name: folder / name for name in ("llama-3.2-1b", "llama-3.1-8b")}
            for weights in ("fp16", "int4"):
                own = time_us(folder / model, weights, (), 1, STEP, "lunar_lake")
                for name, config in rivals.items():
                    line = over_contexts(passes(config, weights))
                    near, far = (1e6 / float(us) for us in line.time_us([127, 32767]))
                    print(
                        f"{model:14}{name:22}{weights:>8}{1e6 / own:10.1f}{near:9.1f}{far:11.1f}"
                        f"{crossing(line, own):>11}",
                        flush=True,
                    )


def over_contexts(found: Built) -> Curve:
    """A token's pass on Lunar Lake from 128 rows to FAR in steps of 64, of few plans, that of 32,768 among them."""
    plan_at = lambda past: run(found.graph(1, past), conditions("lunar_lake"), past, 1)
    return curve(plan_at, 127, FAR - 1, known=[plan_at(32767)], every=64)


def crossing(line: Curve, own_us: float) -> str:
    """The first context at which attention takes longer."""
    before = np.arange(127, FAR, 64)
    slower = np.flatnonzero(line.time_us(before) > own_us)
    if not slower.size:
        return f"> {FAR:,}"
    return "always" if slower[0] == 0 else f"{int(before[slower[0]]) + 1:,}"


def attention(folder: Path, shape: tuple[int, int, int]) -> Path:
    """The config.json of a model in Llama's form."""
    hidden, layers, heads = shape
    keys = {
        "model_type": "llama", "hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": heads,
        "num_key_value_heads": heads, "head_dim": hidden // heads, "intermediate_size": 256 * round(hidden * 8 / 768),
        "vocab_size": 50288, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
        "max_position_embeddings": FAR, "tie_word_embeddings": True,
    }  # fmt: skip
    place = folder / f"attention_{hidden}"
    place.mkdir(exist_ok=True)
    (place / "config.json").write_text(json.dumps(keys))
    return place


def parameters(folder: str, shape: tuple[int, int, int]) -> int:
    return int(counts(read_config(attention(Path(folder), shape))).parameters)


def reading(folder: Path, speed: Speeds, first: dict[tuple[str, str], list[float]]) -> None:
    title("Reading, of Lunar Lake")
    small, eight = ({w: speed[m, w, "lunar_lake"] for w in WIDTHS} for m in ("mamba2-130m", "llama-3.1-8b"))
    token = one(folder / "mamba2-130m", "int4", (), 1, STEP, "lunar_lake")
    part = {name: 100 * us / token.time_us for name, us in token.parts_us.items()}
    best = [first["mamba2-130m", name][1] for name in REWRITES]
    large = [first["mamba2-2.7b", name][1] for name in ("as built", "chosen")]
    into = ", ".join(
        f"{part[name]:.0f} % {word}"
        for name, word in (("weights", "weights"), ("attention", "its state"), ("launches", "launches"))
    )
    for line in (
        f"1. Weights decide a token of the large model near its start: 8B gives {eight['fp16'][1]:.1f} tokens/s in",
        f"   fp16 (16 GB: it needs a machine with more) and {eight['int4'][1]:.1f} in int4 at 1,024. Of Mamba-2 130M's",
        f"   token in int4, {into}: a quarter of the bytes brings",
        f"   {small['int4'][0] / small['fp16'][0]:.2f} times the tokens.",
        f"2. The cache decides far out: 8B in int4 falls from {eight['int4'][0]:.1f} at 128 to {eight['int4'][3]:.1f}"
        " at 32,768. A state space stays.",
        f"3. xamba's gain is in the prompt: Mamba-2 130M takes {best[0]:.0f} ms, {best[1]:.0f} with CumBA and"
        f" {best[2]:.0f} with the chosen",
        f"   passes; 2.7B {large[0]:.0f} and {large[1]:.0f}. The graph of a token holds nothing they rewrite.",
        "4. Mamba's prompt is a scan, step by step, which no pass here takes apart: its first token is late.",
    ):
        print(line)


def plot(speed: Speeds) -> None:
    shown = ("mamba2-130m", "llama-3.2-1b", "mamba2-2.7b", "llama-3.1-8b")
    series = tuple(Series(model, tuple(speed[model, "int4", "lunar_lake"])) for model in shown)
    note = "Lunar Lake, compiler 2026, int4 weights, fp16 cache that is static and full; predicted."
    axis = Axis("context", "rows", CONTEXTS, True)
    figure = Lines("Tokens a second over the context", note, axis, "tokens a second", "1/s", series)
    plots.save(figure, HERE / "tokens.png")


def main(folder: Path) -> None:
    print(
        "Language models on three NPUs, predicted: built from their config.json, one sequence, greedy, no draft."
    )
    speed = speeds(folder)
    first = rewrites(folder)
    crossings(folder)
    reading(folder, speed, first)
    if "--plots" in sys.argv:
        plot(speed)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
