"""Cells and sequences: ONNX has one node for a sequence, and a cell is a sequence of one step."""

from __future__ import annotations

from npusim.loading.ir.case import Case
from npusim.loading.ir.table import translates

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
#: OpenVINO's order of an LSTM's gates is forget, input, candidate, output; ONNX's input, output, forget, candidate.
LSTM_ORDER = (1, 3, 0, 2)


def kind_of(c: Case) -> str:
    return c.layer.type[:4] if c.layer.type.startswith("LSTM") else c.layer.type[:3]


def states_of(kind: str) -> int:
    return 2 if kind == "LSTM" else 1


def ordered(c: Case, tensor: str, kind: str) -> str:
    """Rows of a matrix or a bias [directions, gates x hidden, ...] in ONNX's order of gates."""
    if kind != "LSTM":
        return tensor
    hidden = c.whole("hidden_size")
    parts = [
        c.step("Slice", [tensor, c.constant([g * hidden]), c.constant([(g + 1) * hidden]), c.constant([1])])
        for g in LSTM_ORDER
    ]
    return c.step("Concat", parts, axis=1)


def bias(c: Case, tensor: str, kind: str, lbr: bool) -> str:
    """OpenVINO adds up the biases of input and state; ONNX has them apart."""
    hidden = c.whole("hidden_size")
    if not lbr:
        own = ordered(c, tensor, kind)
        return c.step("Concat", [own, c.step("Sub", [own, own])], axis=1)

    def rows(a: int, b: int) -> str:
        return c.step("Slice", [tensor, c.constant([a * hidden]), c.constant([b * hidden]), c.constant([1])])

    zero = c.step("Sub", [rows(0, 2), rows(0, 2)])
    return c.step("Concat", [rows(0, 3), zero, rows(3, 4)], axis=1)


def common(c: Case, kind: str) -> dict[str, object]:
    clip = c.number("clip", 0.0)
    names = [n.strip() for n in c.text("activations").split(",") if n.strip()]
    given: dict[str, object] = {"hidden_size": c.whole("hidden_size"), "clip": clip or None}
    direction = c.text("direction", "forward").lower()
    if names:
        full = [n.capitalize() for n in names]
        given["activations"] = full * (2 if direction == "bidirectional" else 1)
    if kind == "GRU":
        given["linear_before_reset"] = c.flag("linear_before_reset")
    return {**given, "direction": direction}


@translates("LSTMSequence", "GRUSequence", "RNNSequence")
def sequence(c: Case) -> None:
    """Input [batch, time, width], states [batch, directions, hidden], lengths, then weights. ONNX's `layout` 1 has the
    batch in front as well, and the directions behind the time in the first output."""
    kind = kind_of(c)
    n = states_of(kind)
    w, r, b = (c.x(n + 2), c.x(n + 3), c.x(n + 4))
    inputs = [c.x(), ordered(c, w, kind), ordered(c, r, kind)]
    inputs.append(bias(c, b, kind, kind == "GRU" and c.flag("linear_before_reset")))
    inputs += ["", *(c.x(k) for k in range(1, n + 1))]
    outputs = c.outs()
    every = c.t.fresh(f"{c.layer.name}/{kind}")
    c.t.add(kind, inputs, [every, *outputs[1:]], c.layer.name, "", {**common(c, kind), "layout": 1})
    c.t.add("Transpose", [every], outputs[:1], f"{c.layer.name}/order", "", {"perm": [0, 2, 1, 3]})


@translates("LSTMCell", "GRUCell", "RNNCell")
def cell(c: Case) -> None:
    """One step: the same without the axes of time and directions."""
    kind = kind_of(c)
    n = states_of(kind)
    first = [c.step("Unsqueeze", [c.x(k), c.constant([0])]) for k in range(len(c))]
    direction_first = first[n + 1 : n + 3]
    inputs = [first[0], *(ordered(c, t, kind) for t in direction_first)]
    if len(c) > n + 3:
        inputs.append(bias(c, first[n + 3], kind, kind == "GRU" and c.flag("linear_before_reset")))
    else:
        inputs.append("")
    inputs += ["", *first[1 : n + 1]]
    ends = [c.t.fresh(f"{c.layer.name}/state") for _ in range(n)]
    c.t.add(kind, inputs, ["", *ends], c.layer.name, "", common(c, kind))
    for index, end in enumerate(ends):
        if index < len(c.layer.outputs):
            c.t.add("Squeeze", [end, c.constant([0])], [c.out(index)], f"{c.layer.name}/out", "", {})
