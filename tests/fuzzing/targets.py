"""What is fuzzed, one function a kind of input: it makes an input, asks the tool, and says what came of it.

`pick(n)`, a number from 0 to n - 1, is all the randomness there is. An answer is checked; an `NpusimError` or a
`XambaError` of one line is an answer too; anything else is a finding and leaves as it is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import yaml

from npusim import hardware, load, simulate
from npusim.arch.presets import config_dir
from npusim.errors import NpusimError
from npusim.measured.join import compare
from npusim.measured.page import page
from npusim.measured.readers.read import read_report
from npusim.report.csv_report import to_csv
from npusim.report.json_report import from_json, to_json
from npusim.report.text import to_text
from npusim.report.trace import to_trace
from npusim_xamba.text import clean
from tests.fuzzing.composed import composed
from tests.fuzzing.documents import change
from tests.fuzzing.ir import changed_net
from tests.fuzzing.mutations import Pick, mutate, one
from tests.fuzzing.seeds import EXAMPLE, SEEDS
from tests.measured.samples import FILES, LUNAR, MODEL, NPU_COUNTERS, NPU_SUMMARY

Target = Callable[[Pick, Path], str]
TARGETS: dict[str, Target] = {}
NPUS = [hardware(name) for name in ("lunar_lake", "meteor_lake", "panther_lake")]
COMPILERS = ("2026", "2024.12")
SMALL = load(EXAMPLE)
MEASURED = load(MODEL)
PREDICTION = simulate(MEASURED, LUNAR)
HARDWARE = [
    yaml.safe_load((config_dir() / f"{n}.yaml").read_text("utf-8")) for n in ("lunar_lake", "meteor_lake")
]
PROFILES = [yaml.safe_load((config_dir() / "compilers" / f"{n}.yaml").read_text("utf-8")) for n in COMPILERS]
NETS = sorted((Path(__file__).parents[1] / "data" / "ir").glob("*.xml"))
REPORTS = [path for path in FILES if path.suffix == ".json"]
TABLES = [path.read_bytes() for path in FILES if path.suffix != ".json"]
TABLES += [NPU_COUNTERS.encode(), NPU_SUMMARY.encode()]


def target(name: str) -> Callable[[Target], Target]:
    def register(function: Target) -> Target:
        TARGETS[name] = function
        return function

    return register


def outcome(ask: Callable[[], None]) -> str:
    """'answered', or the kind of error; a message of several lines, of none, or with escape sequences is a finding."""
    from xamba.errors import XambaError

    try:
        ask()
    except (NpusimError, XambaError) as error:
        text = str(error)
        assert text.strip() and clean(text) == text, repr(text)
        return type(error).__name__
    return "answered"


def priced(graph: Any, npu: Any, compiler: str, allow_unmodelled: bool = False) -> None:
    """A report that is finite and can be written in every form."""
    report = simulate(graph, npu, compiler, allow_unmodelled=allow_unmodelled)
    assert math.isfinite(report.latency_us) and report.latency_us >= 0
    assert all(math.isfinite(node.duration_us) for node in report.nodes)
    text = to_text(report)
    assert clean(text, keep_lines=True) == text, "a name reaches the terminal raw"
    if len(report.tasks) < 2000:
        assert from_json(to_json(report)).latency_us >= 0
        assert "traceEvents" in json.loads(to_trace(report)) and to_csv(report)


def serialised(model: Any) -> bytes | None:
    try:
        return bytes(model.SerializeToString())
    except (ValueError, TypeError):  # no protobuf can hold it
        return None


def changed_model(pick: Pick) -> bytes | None:
    model = onnx.ModelProto.FromString(one(SEEDS, pick))
    try:
        mutate(model, pick)
    except (ValueError, TypeError):
        return None
    return serialised(model)


def ask_npusim(content: bytes, pick: Pick, folder: Path) -> str:
    path = folder / "fuzzed.onnx"
    path.write_bytes(content)
    options: dict[str, Any] = {"upper_bound": bool(pick(2))}
    if pick(12) == 11:
        options["trips"] = pick(40)
    if pick(12) == 11:
        options["dims"] = {"n": pick(40)}
    npu, compiler, unmodelled = one(NPUS, pick), one(COMPILERS, pick), bool(pick(2))
    return outcome(lambda: priced(load(path, **options), npu, compiler, unmodelled))


@target("models changed")
def models(pick: Pick, folder: Path) -> str:
    content = changed_model(pick)
    return "no protobuf" if content is None else ask_npusim(content, pick, folder)


@target("graphs composed")
def graphs_composed(pick: Pick, folder: Path) -> str:
    model = composed(pick)
    if not pick(3):
        mutate(model, pick)
    content = serialised(model)
    return "no protobuf" if content is None else ask_npusim(content, pick, folder)


@target("models rewritten")
def models_rewritten(pick: Pick, folder: Path) -> str:
    """xamba's passes, all of them, over a changed or composed model; what they leave loads."""
    from xamba.passes.registry import passes
    from xamba.pipeline import optimize

    content = changed_model(pick) if pick(3) else serialised(composed(pick))
    if content is None:
        return "no protobuf"
    source, out = folder / "fuzzed.onnx", folder / "rewritten.onnx"
    source.write_bytes(content)
    out.unlink(missing_ok=True)
    chosen = [kind() for kind in passes().values()]

    def ask() -> None:
        if optimize(source, out, chosen, check_answer=False).modified:
            onnx.load(out)

    return outcome(ask)


@target("OpenVINO IR changed")
def openvino_ir(pick: Pick, folder: Path) -> str:
    """The tree of a file changed here and there, with its .bin, a shorter one, or none."""
    path = folder / "fuzzed.xml"
    seed = one(NETS, pick)
    path.write_bytes(changed_net(seed.read_bytes(), pick))
    weights, how = path.with_suffix(".bin"), pick(6)
    content = seed.with_suffix(".bin").read_bytes()
    weights.unlink(missing_ok=True)
    if how:
        weights.write_bytes({1: content[:-1], 2: bytes(len(content))}.get(how, content))
    dims = {"in0.0": 2, "past.0": 3} if seed.stem == "state" else {}
    npu, compiler = one(NPUS, pick), one(COMPILERS, pick)
    return outcome(lambda: priced(load(path, dims), npu, compiler, True))


@target("hardware files")
def hardware_files(pick: Pick, folder: Path) -> str:
    document = json.loads(json.dumps(one(HARDWARE, pick)))
    change(document, pick)
    path = folder / "npu.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    return outcome(lambda: priced(SMALL, hardware(str(path)), one(COMPILERS, pick)))


@target("compiler profiles")
def compiler_profiles(pick: Pick, folder: Path) -> str:
    from npusim.compiler.rules.profile import load_profile

    document = json.loads(json.dumps(one(PROFILES, pick)))
    change(document, pick)
    path = folder / "compiler.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    load_profile.cache_clear()  # the same path again and again
    return outcome(lambda: priced(SMALL, one(NPUS, pick), str(path)))


@target("traces and profiles")
def traces_and_profiles(pick: Pick, folder: Path) -> str:
    path = folder / "report"
    if pick(3):
        document = json.loads(one(REPORTS, pick).read_bytes())
        change(document, pick)
        path.write_text(json.dumps(document), "utf-8")
    else:
        path.write_bytes(_table(one(TABLES, pick), pick))

    def ask() -> None:
        lines = page(compare(PREDICTION, MEASURED, read_report(path)), 5, 80)
        assert all("\n" not in line.text and clean(line.text) == line.text for line in lines)

    return outcome(ask)


def _table(content: bytes, pick: Pick) -> bytes:
    """A table of which one cell is another, or one row is gone, twice, or short."""
    lines = content.decode().splitlines()
    at, how = pick(len(lines)), pick(4)
    cells = lines[at].split(";")
    if how == 0:
        cells[pick(len(cells))] = one(
            ("", "x", "nan", "inf", "-1", "1e400", "1,5", '"', "\x1b[31m", "MatMul"), pick
        )
    elif how == 1:
        del cells[pick(len(cells))]
    lines[at] = ";".join(cells)
    if how == 2:
        del lines[at]
    elif how == 3:
        lines.insert(pick(len(lines)), lines[at])
    return "\n".join(lines).encode()
