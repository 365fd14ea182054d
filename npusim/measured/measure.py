"""What OpenVINO offers on this machine, and one model measured through it.

`probe` never raises. `measure` runs the same code on an NPU and, for tests, on a CPU; a CPU's times are
labelled as such and judge no prediction (`npusim against` sets them beside one, as another machine). OpenVINO's
AUTO and HETERO fall back to the CPU in silence, so they are refused, and the device a build really runs on is read
back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from npusim.errors import BadArgument, BadModel, NpusimError
from npusim.measured.clock import taken_us
from npusim.measured.readers.counters import STATUSES, Row
from npusim.measured.readers.measurement import Latency, Measurement
from npusim.measured.samples import port_inputs
from npusim_xamba.extras import missing

NOT_INSTALLED, NO_DEVICE, COMPILER_ONLY, DEVICE = "not installed", "no device", "compiler only", "device"
LEAST_RUNS = 50
WARM_UP = 10
_DEVICE_FACTS = {
    "name": "FULL_DEVICE_NAME",
    "architecture": "DEVICE_ARCHITECTURE",
    "driver": "NPU_DRIVER_VERSION",
    "compiler": "NPU_COMPILER_VERSION",
    "tiles": "NPU_MAX_TILES",
    "platform": "NPU_PLATFORM",
    "gops": "DEVICE_GOPS",
    "memory_bytes": "NPU_DEVICE_TOTAL_MEM_SIZE",
}


class NoNpu(NpusimError):
    """There is no NPU (or no NPU compiler) on this machine; no fault of the user's."""


@dataclass(frozen=True, slots=True)
class Probe:
    """`state`: not installed, no device, compiler only, device. `sentence` says it to a person."""

    state: str
    sentence: str
    facts: dict[str, Any] = field(default_factory=dict)


def probe() -> Probe:
    """What OpenVINO has here. Never raises."""
    try:
        import openvino
    except Exception as error:  # a broken installation raises anything from ImportError to OSError
        why = missing("openvino", "openvino")
        if not isinstance(error, ModuleNotFoundError):
            why = f"openvino cannot be imported ({last_line(error)})"
        return Probe(NOT_INSTALLED, why)
    facts: dict[str, Any] = {"openvino": _version(openvino)}
    try:
        core = openvino.Core()
        names = [d for d in core.available_devices if d.split(".")[0] == "NPU"]
        facts["devices"] = list(core.available_devices)
        facts["compiler_loadable"] = "NPU_PLATFORM" in (ask(core, "NPU", "SUPPORTED_PROPERTIES") or ())
        if names:
            facts |= {word: ask(core, names[0], key) for word, key in _DEVICE_FACTS.items()}
            parts = [
                f"{word} {facts[word]}" for word in ("driver", "compiler", "tiles") if facts[word] is not None
            ]
            return Probe(DEVICE, f"{facts['name'] or names[0]} ({', '.join(parts)})", facts)
        reason = _reason(core)
    except Exception as error:  # a plugin that cannot be loaded
        return Probe(NO_DEVICE, f"OpenVINO finds no NPU ({last_line(error)})", facts)
    if facts["compiler_loadable"]:
        return Probe(COMPILER_ONLY, f"OpenVINO finds no NPU ({reason}), but an NPU compiler", facts)
    return Probe(NO_DEVICE, f"OpenVINO {facts['openvino']} finds no NPU ({reason})", facts)


def require(device: str) -> Probe:
    """What OpenVINO has here, if `device` ('NPU', 'NPU.0', 'CPU') is among it.

    Raises BadArgument for AUTO and the like, NoNpu when the device is not there.
    """
    if device.split(".")[0] not in ("NPU", "CPU"):
        raise BadArgument(
            f"device '{device}' is not on offer: choose NPU or CPU (AUTO and HETERO may run elsewhere unsaid)"
        )
    found = probe()
    if found.state == NOT_INSTALLED or (device != "CPU" and found.state != DEVICE):
        raise NoNpu(found.sentence)
    return found


def measure(
    model: str | Path,
    device: str = "NPU",
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    properties: Mapping[str, Any] | None = None,
    runs: int = LEAST_RUNS,
    warm_up: int = WARM_UP,
) -> Measurement:
    """Latency and layers of a model on `device` ('NPU', 'NPU.0', 'CPU').

    The latency is of a build without counters, one inference at a time, after `warm_up` others; the layers are
    of a second build with them, because counters cost time.

    Args:
        shapes: static shapes of inputs whose dimensions are free in the file.
        properties: more for the compiler, for example {'NPU_TILES': 4}.
        runs: inferences timed, at least 50.

    Raises:
        NoNpu: no such device here. BadArgument: AUTO and the like, too few runs. BadModel: OpenVINO refuses it.
    """
    if runs < LEAST_RUNS:
        raise BadArgument(f"{runs} runs are too few for a median; take {LEAST_RUNS} or more")
    found = require(device)
    import openvino

    core = openvino.Core()
    network = read_model(core, model, shapes)
    plain = build(core, network, device, dict(properties or {}))
    feeds = port_inputs(plain.inputs)
    latency = _latency(plain, feeds, runs, warm_up)
    counting = build(core, network, device, dict(properties or {}) | {"PERF_COUNT": True})
    rows = layers(counting, feeds)
    return Measurement(
        model=Path(model).name,
        model_sha256=hashlib.sha256(Path(model).read_bytes()).hexdigest(),
        date=date.today().isoformat(),
        device=_device_facts(core, plain, device, found),
        latency_us=latency,
        layers=rows,
    )


def read_model(core: Any, model: str | Path, shapes: Mapping[str, tuple[int, ...]] | None = None) -> Any:
    """The model in OpenVINO, with the inputs named in `shapes` made static. Raises BadModel."""
    try:
        network = core.read_model(str(model))
        names = {name: port.any_name for port in network.inputs for name in port.names}
        wanted = {names[name]: list(shape) for name, shape in (shapes or {}).items() if name in names}
        if wanted and network.is_dynamic():
            network.reshape(wanted)
    except Exception as error:  # OpenVINO raises plain RuntimeErrors, and others from its bindings
        raise BadModel(f"{model}: OpenVINO cannot read it: {last_line(error)}") from None
    return network


def build(core: Any, network: Any, device: str, properties: dict[str, Any]) -> Any:
    """The model compiled for exactly this device; float32 on a CPU, read back. Raises BadModel."""
    import openvino
    from openvino.properties import hint

    asked = {"PERFORMANCE_HINT": "LATENCY", **properties}
    if device == "CPU":
        asked[hint.inference_precision()] = openvino.Type.f32  # its default may be bfloat16
    try:
        compiled = core.compile_model(network, device, asked)
        places = [str(d).strip("()") for d in compiled.get_property("EXECUTION_DEVICES")]
    except Exception as error:
        raise BadModel(f"OpenVINO cannot compile the model for {device}: {last_line(error)}") from None
    if [p.split(".")[0] for p in places] != [device.split(".")[0]]:
        raise BadModel(f"asked for {device}, but OpenVINO runs the model on {', '.join(places) or 'nothing'}")
    if device == "CPU" and compiled.get_property(hint.inference_precision) != openvino.Type.f32:
        raise BadModel("asked the CPU for float32, but OpenVINO computes in another type")
    return compiled


def ask(target: Any, *key: str) -> Any:
    """A property as text, number or list of text; None when the device has not got it."""
    try:
        value = target.get_property(*key)
    except (
        Exception
    ):  # every failure is a RuntimeError with its own words; what counts is that it is not there
        return None
    if isinstance(value, bool | int | float | str):
        return value
    if hasattr(value, "get_type_name"):
        return str(value.get_type_name())  # an element type
    if isinstance(value, dict):  # DEVICE_GOPS: type -> number
        return {str(k): v if isinstance(v, int | float) else str(v) for k, v in value.items()}
    return [str(v) for v in value] if isinstance(value, list | tuple | set) else str(value)


def last_line(error: BaseException) -> str:
    """The part of OpenVINO's message that says what happened: its last line, without paths of its own sources."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:300]


def _latency(compiled: Any, feeds: dict[str, Any], runs: int, warm_up: int) -> Latency:
    import numpy as np

    request = compiled.create_infer_request()
    for name, value in feeds.items():
        request.set_tensor(name, _tensor(value))
    taken = taken_us(request.infer, runs, warm_up)
    median, p10, p90 = (round(float(np.percentile(taken, q)), 3) for q in (50, 10, 90))
    return Latency(median, p10, p90, runs, max(warm_up, 1))


def _tensor(value: Any) -> Any:
    import openvino

    return openvino.Tensor(value)


def layers(compiled: Any, feeds: dict[str, Any]) -> tuple[Row, ...]:
    """What the counters of a build with them say of its second inference."""
    request = compiled.create_infer_request()
    request.infer(feeds)
    request.infer(feeds)  # the first one loads and allocates
    rows = []
    for item in request.profiling_info:
        status = str(item.status).rsplit(".", 1)[-1]
        real, cpu = (round(t.total_seconds() * 1e6, 3) for t in (item.real_time, item.cpu_time))
        status = status if status in STATUSES else "EXECUTED"
        rows.append(Row(item.node_name, item.node_type, status, item.exec_type, real, cpu))
    return tuple(rows)


def _device_facts(core: Any, compiled: Any, device: str, found: Probe) -> dict[str, Any]:
    facts = {word: ask(core, device, key) for word, key in _DEVICE_FACTS.items() if word != "memory_bytes"}
    facts["tiles_max"] = facts["tiles"]
    executed = ask(compiled, "EXECUTION_DEVICES") or [device]
    return facts | {
        "requested": device,
        "executed_on": str(executed[0]).strip("()"),
        "openvino": found.facts["openvino"],
        "tiles": ask(compiled, "NPU_TILES") or facts["tiles"],
        "turbo": ask(compiled, "NPU_TURBO"),
        "precision": ask(compiled, "INFERENCE_PRECISION_HINT"),
    }


def _version(module: Any) -> str:
    return str(getattr(module, "__version__", "of unknown version")).split("-", 1)[0]


def _reason(core: Any) -> str:
    """Why there is no device, in OpenVINO's own words."""
    try:
        core.get_property("NPU", "NPU_DRIVER_VERSION")
    except Exception as error:
        return last_line(error)
    return "no NPU among its devices"
