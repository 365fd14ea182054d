"""Report and model file -> the same model, each node with its predicted time, engine, bound and reason.

They stand in the nodes' `metadata_props`, which Netron shows and no runtime reads: the file runs unchanged."""

from __future__ import annotations

import os

from npusim.errors import BadModel, BadOutput
from npusim.model_files import only_onnx
from npusim.report.record import NodeReport, Report
from npusim.report.words import SHORT_NAMES
from npusim.terminal.units import nbytes, share, time

PREFIX = "npusim."


def annotated(report: Report, path: str, target: str) -> bytes:
    """The bytes of the model at `path` with what `report` says of its nodes, to be written to `target`.

    A node without a name has the one the report calls it by: op type and place. Nodes of functions and of bodies of
    loops are left as they are, as one of them may run in several places.

    Raises:
        BadModel: the file cannot be read, or is too large with its notes. BadOutput: its weights lie in a file of
            their own, and `target` is in another folder, from where that file is not found.
    """
    from google.protobuf.message import DecodeError, EncodeError
    from onnx import ModelProto, TensorProto

    only_onnx(path, "--annotate", "--json has the same of every node")
    model = ModelProto()
    try:
        with open(path, "rb") as file:
            model.ParseFromString(file.read())
    except (OSError, DecodeError) as error:
        raise BadModel(f"'{path}' cannot be read again to annotate it: {error}") from None
    apart = any(t.data_location == TensorProto.EXTERNAL for t in model.graph.initializer)
    if apart and os.path.dirname(os.path.realpath(target)) != os.path.dirname(os.path.realpath(path)):
        raise BadOutput(
            f"--annotate '{target}': the weights of '{path}' lie in a file beside it, which is not found from another "
            "folder; name a file in the model's folder"
        )
    told = notes(report)
    for index, node in enumerate(model.graph.node):
        found = told.get(node.name or f"{node.op_type}_{index}")
        for key, value in (found or {}).items():
            node.metadata_props.add(key=PREFIX + key, value=value)
    model.metadata_props.add(
        key=PREFIX + "latency",
        value=f"{time(report.latency_us)} on {report.hardware}, {report.tiles} tiles, compiler {report.compiler}, "
        f"{report.number_types}",
    )
    try:
        return bytes(model.SerializeToString())
    except (EncodeError, ValueError) as error:
        raise BadModel(f"'{path}' with its notes is too large for one file: {error}") from None


def notes(report: Report) -> dict[str, dict[str, str]]:
    """Name of a node of the file -> what is said of it."""
    found: dict[str, dict[str, str]] = {}
    for node in report.nodes:
        for name in node.fused:
            found.setdefault(name, {"runs_inside": node.name})
    for node in report.nodes:
        found[node.name] = _of(node, report.latency_us)
    for missing in report.unmodelled:
        found[missing.name] = {"time_us": "not known", "reason": "no cost for this op"}
    return found


def _of(node: NodeReport, whole_us: float) -> dict[str, str]:
    said = {
        "time_us": f"{node.critical_us:.3f}",
        "time": f"{time(node.critical_us)}, {share(node.critical_us, whole_us)} of the latency",
        "engine": SHORT_NAMES.get(node.engine, node.engine),
        "bound_by": SHORT_NAMES.get(node.bound_by, node.bound_by),
        "reason": node.reason,
        "moved": nbytes(node.bytes_moved),
        "source": node.source,
    }
    return {key: value for key, value in said.items() if value}
