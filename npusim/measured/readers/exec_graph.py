"""`exec_graph.xml` of `benchmark_app -exec_graph_path`: the executed graph of a device with a time a node."""

from __future__ import annotations

import re
from pathlib import Path

from npusim.measured.profile import Profile
from npusim.measured.readers.counters import Row, profile_of_rows
from npusim.measured.readers.foreign import BadReport, time_us
from npusim.measured.readers.forms import form

_FORBIDDEN = re.compile(r"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_EDGES = {"Input": "Parameter", "Output": "Result", "Const": "Parameter"}


@form("exec_graph.xml", begins=("<",))
def read_exec_graph(text: str, path: str | Path) -> Profile:
    """Times of the nodes, each under the name of the first layer of the model it was made of. Raises BadReport."""
    import xml.etree.ElementTree as ET

    if _FORBIDDEN.search(text):
        raise BadReport(f"{path}: declares a document type; an exec_graph.xml of OpenVINO has none")
    try:
        root = ET.fromstring(text)
    except (ET.ParseError, ValueError, LookupError) as error:
        raise BadReport(f"{path}: is no XML, or is cut off: {error}") from None
    if root.tag != "net":
        raise BadReport(f"{path}: is XML of a '{root.tag[:40]}'; expected the 'net' of an exec_graph.xml")
    rows = []
    for layer in root.iterfind("layers/layer"):
        data = layer.find("data")
        if data is None or "execTimeMcs" not in data.attrib:
            continue
        name = data.get("originalLayersNames", "").split(",")[0] or layer.get("name", "")
        taken = data.get("execTimeMcs", "")
        status = "NOT_RUN" if taken == "not_executed" else "EXECUTED"
        time = 0.0 if status == "NOT_RUN" else time_us(taken, path, f"execTimeMcs of '{name[:60]}'")
        kind = layer.get("type", "")
        rows.append(Row(name, _EDGES.get(kind, kind), status, data.get("primitiveType", ""), time, time))
    if not rows:
        raise BadReport(f"{path}: names no execTimeMcs; it is a model, not an executed graph")
    return profile_of_rows([rows], path, "executed graph, XML")
