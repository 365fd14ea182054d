"""Intel's NPU compiler as a second opinion, without an NPU: its own simulated schedule of a model.

The compiler is reached through one small interface, a command

    COMMAND MODEL PLATFORM OUT_FOLDER NPU_TILES=n

that writes `compileTimeScheduleTrace.json` (and `strategy_out.json`, if it can) into OUT_FOLDER. Where OpenVINO
can load a compiler, the command is `python -m npusim.measured.offline_compile`, a process of its own because
the compiler always writes into the current folder. Anything else (a wrapper, another machine) is named by the
environment variable NPUSIM_VENDOR_COMPILER or by `--vendor-command`.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from npusim.errors import BadArgument, BadModel, NpusimError
from npusim.measured.measure import NoNpu, last_line, probe
from npusim.measured.profile import VENDOR, Profile
from npusim.measured.readers.foreign import BadReport
from npusim.measured.readers.read import read_report

VARIABLE = "NPUSIM_VENDOR_COMPILER"
TRACE = "compileTimeScheduleTrace.json"
PATIENCE_S = 1800.0
WARNING = "estimates of Intel's compiler, not hardware; it prices neither dispatch nor shared DDR bandwidth"


class VendorCompilerFailed(NpusimError):
    """The vendor's compiler ran and gave no schedule."""


def command_of(given: str | None = None) -> list[str]:
    """The command that compiles: `given`, the environment's, or OpenVINO's own compiler.

    Raises NoNpu when there is none, BadArgument when the given one cannot be split into words.
    """
    text = given or os.environ.get(VARIABLE, "")
    if text.strip():
        try:
            return shlex.split(text, posix=os.name == "posix")
        except ValueError as error:
            raise BadArgument(f"the command '{text}' cannot be read: {error}") from None
    found = probe()
    if found.facts.get("compiler_loadable"):
        return [sys.executable, "-m", "npusim.measured.offline_compile"]
    raise NoNpu(
        f"{found.sentence}; nor can it load an NPU compiler. Name one with --vendor-command or {VARIABLE}"
    )


def compile_with_vendor(
    model: str | Path,
    platform: str,
    tiles: int,
    command: Sequence[str],
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    keep: str | Path | None = None,
) -> Profile:
    """The vendor's schedule of a model for a platform ('3720', '4000', '5010'), label vendor-simulated.

    Args:
        shapes: static shapes of the inputs, for a file with free dimensions.
        keep: folder that gets the compiler's files; a temporary one otherwise.

    Raises:
        VendorCompilerFailed, BadReport, BadModel.
    """
    with tempfile.TemporaryDirectory(prefix="npusim_vendor_") as scratch:
        out = Path(keep) if keep is not None else Path(scratch) / "out"
        out.mkdir(parents=True, exist_ok=True)
        source = _static(Path(model), Path(scratch), shapes or {})
        words = [*command, str(source), platform, str(out), f"NPU_TILES={tiles}"]
        try:
            done = subprocess.run(words, capture_output=True, timeout=PATIENCE_S, check=False)
        except subprocess.TimeoutExpired:
            raise VendorCompilerFailed(f"'{command[0]}' did not end within {PATIENCE_S:.0f} s") from None
        except OSError as error:
            raise VendorCompilerFailed(f"'{command[0]}' cannot be started: {error.strerror}") from None
        if done.returncode or not (out / TRACE).is_file():
            said = (done.stderr + done.stdout).decode("utf-8", "replace")
            why = last_line(RuntimeError(said)) if said.strip() else "it said nothing"
            raise VendorCompilerFailed(f"'{command[0]}' gave no {TRACE} (exit code {done.returncode}): {why}")
        profile = read_report(out / TRACE)
    if profile.label != VENDOR:
        raise BadReport(
            f"the trace of '{command[0]}' is labelled {profile.label}, not as the compiler's schedule"
        )
    facts = {"platform": platform, "tiles_asked": tiles}
    return replace(profile, path=f"vendor compiler, {platform}", facts=facts, notes=(WARNING, *profile.notes))


def _static(model: Path, folder: Path, shapes: Mapping[str, tuple[int, ...]]) -> Path:
    """The file itself when all its inputs are static, else a copy with `shapes` written into it."""
    import onnx

    from npusim.model_files import ONNX, front_end, input_shapes

    if front_end(str(model)) is not ONNX:
        free = [n for n, s in input_shapes(str(model)).items() if any(isinstance(d, str) for d in s)]
        if free:
            raise BadModel(
                f"{model}: input '{free[0]}' has free sizes, which are written into ONNX files alone; make the model "
                "static first (Model.reshape in OpenVINO, then save_model)"
            )
        return model.resolve()
    try:
        proto = onnx.load(str(model), load_external_data=False)
        free = [
            i
            for i in proto.graph.input
            if i.name in shapes and not all(d.HasField("dim_value") for d in _dims(i))
        ]
        if not free:
            return model.resolve()
        proto = onnx.load(str(model))
        for value in proto.graph.input:
            for dim, size in zip(_dims(value), shapes.get(value.name, ()), strict=False):
                dim.dim_value = size
        copy = folder / "static.onnx"
        onnx.save(proto, str(copy))
    except Exception as error:  # onnx raises protobuf's, OSErrors, and its own
        raise BadModel(f"{model}: cannot be given static shapes: {last_line(error)}") from None
    return copy


def _dims(value: Any) -> list[Any]:
    return list(value.type.tensor_type.shape.dim)
