"""Ask Intel's compiler what a rewrite costs at one place, and keep what it says: xamba/choice/data/witness.csv.

    NPUSIM_VENDOR_COMPILER="CMD" python tests/data/make_signs.py > xamba/choice/data/witness.csv

With words behind it, only those blocks (`scan`, `norm`, ...); with `--networks FOLDER`, the rows of real networks.
CMD MODEL PLATFORM OUT NPU_TILES=n compiles offline, as for `npusim crosscheck --vendor-compiler`. Each row is one block
of a real network (a segment sum, a norm, a plain sum, an activation), compiled as it is and rewritten. The figures are
estimates of Intel's compiler, not hardware; a kernel it prices at nothing is named in `unpriced`.
"""

import csv
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
from onnx import numpy_helper

import npusim
import xamba
from npusim.errors import NpusimError
from npusim.measured.compiler import command_of, compile_with_vendor
from npusim.measured.profile import Profile
from npusim.simulation import simulate
from xamba.choice.signs import place
from xamba.facts.facts import Facts

NPUS = ("meteor_lake", "lunar_lake", "panther_lake")
COLUMNS = (
    "pass", "op_type", "block", "length", "outer", "generation", "intel_before_us", "intel_after_us", "unpriced",
    "npusim_before_us", "npusim_after_us", "npusim_op_us", "where",
)  # fmt: skip
SEGMENT = """<ir_version: 8, opset_import: ["" : 18]> segment (float16[1,{h},{l}] a) => (float16[1,{h},{l},{l}] y)
<int64[1] last = {{-1}}, int64[4] shape = {{1, {h}, {l}, {l}}}, int64 axis = {{2}}>
{{ u = Unsqueeze(a, last)  e = Expand(u, shape)  w = Where(lower, e, zero)  c = CumSum(w, axis)
   m = Where(tril, c, low)  y = Exp(m) }}"""
SCAN = """<ir_version: 8, opset_import: ["" : 18]> scan (float16[1,{h},{l}] x) => (float16[1,{h},{l}] y)
<int64 axis = {{2}}> {{ y = CumSum(x, axis) }}"""
NORM = """<ir_version: 8, opset_import: ["" : 18]> norm (float16[1,{h},{l}] x) => (float16[1,{h},{l}] y)
<int64[1] last = {{-1}}>
{{ p = Pow(x, two)  m = ReduceMean<keepdims=1>(p, last)  e = Add(m, eps)
   s = Sqrt(e)  r = Div(one, s)  y = Mul(x, r) }}"""
CHUNKS = """<ir_version: 8, opset_import: ["" : 18]> chunks (float16[1,{l},{l},{h},1] d, float16[1,{l},{h},64] s)
  => (float16[1,{l},{h},64] y)
<int64[1] first = {{1}}, int64[1] at = {{2}}>
{{ u = Unsqueeze(s, first)  p = Mul(d, u)  y = ReduceSum<keepdims=0>(p, at) }}"""
SOFTPLUS = """<ir_version: 8, opset_import: ["" : 18]> act (float16[1,{h},{l}] x) => (float16[1,{h},{l}] y)
{{ y = Softplus(x) }}"""
SILU = """<ir_version: 8, opset_import: ["" : 18]> act (float16[1,{h},{l}] x) => (float16[1,{h},{l}] y)
{{ s = Sigmoid(x)  y = Mul(x, s) }}"""
BLOCKS = [
    *(
        ("cumba", "CumSum", "segment sum", SEGMENT, n, h)
        for h in (8, 24)
        for n in (4, 8, 16, 32, 48, 64, 96, 128, 256)
    ),
    *(("cumba", "CumSum", "scan", SCAN, n, h) for h in (24, 1536) for n in (4, 16, 64, 256)),
    *(("reduba", "ReduceMean", "norm", NORM, n, t) for t in (1, 16, 256) for n in (64, 768, 1536)),
    *(("reduba", "ReduceSum", "chunk sum", CHUNKS, n, h) for h in (8, 24) for n in (2, 4, 8)),
    *(("actiba", "Softplus", "activation", SOFTPLUS, n, t) for t in (4, 256) for n in (24, 1536)),
    *(("actiba", "Mul", "activation", SILU, n, t) for t in (4, 256) for n in (256, 1536)),
]
SCALARS = {"zero": 0.0, "low": -1e4, "two": 2.0, "eps": 1e-3, "one": 1.0}
PASSES = {"cumba": xamba.CumBA(), "reduba": xamba.ReduBA(mean=True), "actiba": xamba.ActiBA(inline=True)}


def block(text: str, length: int, outer: int) -> onnx.ModelProto:
    """The block as a model, with the triangles a segment sum needs."""
    model = onnx.parser.parse_model(text.format(l=length, h=outer))
    for name, number in SCALARS.items():
        if f"{name})" in text or f"({name}," in text:
            model.graph.initializer.append(numpy_helper.from_array(np.array(number, np.float16), name))
    if "tril" in text:
        ones = np.ones((length, length), bool)
        for name, mask in (("lower", np.tril(ones, -1)), ("tril", np.tril(ones))):
            model.graph.initializer.append(numpy_helper.from_array(mask, name))
    return model


#: Networks in which one kind of CumSum is rewritten by itself: what is around it decides too.
NETWORKS = (
    ("bamba_L32_dy", "scan", 16, 8),
    ("mamba2_tf5_L16_dy", "scan", 8, 8),
    ("mamba2_tf5_L16_dy", "segment sum", 8, 8),
)


def in_network(folder: Path, name: str, what: str, length: int) -> tuple[ir.Model, ir.Model]:
    """A network of `folder` as it is, and with CumBA at its CumSums of this kind."""
    before, after = (ir.load(folder / f"{name}.onnx") for _ in range(2))
    facts = Facts(before)
    sums = [n for n in before.graph if n.op_type == "CumSum" and n.inputs[0] is not None]
    only = tuple(n.name or "" for n in sums if place(n, facts)[:2] == (what, length))
    assert only, f"{name} has no {what} of {length}: {[place(n, facts) for n in sums]}"
    xamba.CumBA(only=only)(after)
    return before, after


def main() -> None:
    command = command_of()
    wanted = sys.argv[1:] or [b[2] for b in BLOCKS]
    out = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    out.writeheader()
    if len(wanted) == 2 and wanted[0] == "--networks":
        for name, what, length, outer in NETWORKS:
            pair = in_network(Path(wanted[1]), name, what, length)
            _compare(out, command, ("cumba", "CumSum", what, length, outer), pair, ("panther_lake",), name)
        return
    for name, op_type, what, text, length, outer in (b for b in BLOCKS if b[2] in wanted):
        before, after = (ir.serde.deserialize_model(block(text, length, outer)) for _ in range(2))
        if PASSES[name](after).modified:
            _compare(out, command, (name, op_type, what, length, outer), (before, after), NPUS, "alone")


def _compare(out, command, key, pair, npus, where) -> None:  # type: ignore[no-untyped-def]
    """One row for each NPU: Intel's estimates and ours, as it is and rewritten."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / "before.onnx", Path(folder) / "after.onnx"]
        for model, file in zip(pair, files, strict=True):
            ir.save(model, file)
        for npu in npus:
            hw = npusim.hardware(npu)
            found: list[Profile | None] = []
            for file in files:
                try:
                    found.append(compile_with_vendor(file, hw.generation, int(hw.tiles), command))
                except NpusimError as error:
                    print(f"{key} {npu} {file.name}: {error}", file=sys.stderr)
                    found.append(None)
            ours = [simulate(npusim.load(file), hw) for file in files]
            own = sum(n.critical_us for n in ours[0].nodes if n.op_type == key[1])
            unpriced = {layer.op_type for layer in found[0].layers if layer.unpriced} if found[0] else set()
            figures = (
                *(f"{p.latency_us:.2f}" if p else "" for p in found), "/".join(sorted(unpriced)),
                *(f"{r.latency_us:.2f}" for r in ours), f"{own:.2f}", where,
            )  # fmt: skip
            out.writerow(dict(zip(COLUMNS, (*key[:5], hw.generation, *figures), strict=True)))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
