"""The row by row substitution of a gated delta net, as PyTorch's exporter writes it, for any chunk length."""

from __future__ import annotations

import onnx

STEP = """
i{i} = Constant<value = int64[1] {{{i}}}>()
r{i} = Slice(a{before}, i{i}, j{i}, row_axis)
row{i} = Slice(r{i}, zero, i{i}, column_axis)
u{i} = Slice(a{before}, zero, i{i}, row_axis)
sub{i} = Slice(u{i}, zero, i{i}, column_axis)
turned{i} = Transpose<perm = [0, 2, 1]>(row{i})
terms{i} = Mul(turned{i}, sub{i})
sum{i} = ReduceSum<keepdims = 1>(terms{i}, one)
new{i} = Add(row{i}, sum{i})
flat{i} = Squeeze(new{i}, row_axis)
update{i} = Transpose<perm = [1, 0]>(flat{i})
moved{i} = Transpose<perm = [1, 2, 0]>(a{before})
at{i} = Constant<value = int64[{i},2] {{{at}}}>()
put{i} = ScatterND(moved{i}, at{i}, update{i})
a{i} = Transpose<perm = [2, 0, 1]>(put{i})"""


def make(chunk: int = 64, heads: int = 8) -> onnx.ModelProto:
    """(I - A)^-1 - I for the strictly lower part A of m [heads, chunk, chunk], one row after another."""
    lines = [
        '<ir_version: 8, opset_import: ["" : 17]>',
        f"delta (float[{heads},{chunk},{chunk}] m) => (float[{heads},{chunk},{chunk}] a{chunk - 1}) {{",
        "strict = Constant<value = int64 {-1}>()",
        "a0 = Trilu<upper = 0>(m, strict)",
        "zero = Constant<value = int64[1] {0}>()",
        "row_axis = Constant<value = int64[1] {1}>()",
        "column_axis = Constant<value = int64[1] {2}>()",
        "one = Constant<value = int64[1] {1}>()",
    ]
    for i in range(1, chunk):
        lines.append(f"j{i} = Constant<value = int64[1] {{{i + 1}}}>()")
        at = ", ".join(f"{i}, {j}" for j in range(i))
        lines.append(STEP.format(i=i, before=i - 1, at=at).strip())
    model = onnx.parser.parse_model("\n".join([*lines, "}"]))
    for number, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}_{number}"
    return model
