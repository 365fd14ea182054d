"""Build the `micro/...` graphs of vendor_placement.csv again, from their names.

    build("reducesum_1x128x768_ax2")  ->  onnx.ModelProto, fp16 inputs, random weights

The table names a layer after its node, or after its output (`exp0_o`) where that is the network's output.
Names that no rule here knows raise KeyError: some graphs of the table were written by hand.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 18
PAIRS = {  # kinds of two activations: `b_add_chan` is [1,64,56,56] + [1,64,1,1]
    "same2": ((256, 256), (256, 256)),
    "same3": ((1, 256, 1024), (1, 256, 1024)),
    "same4c24": ((1, 24, 56, 56), (1, 24, 56, 56)),
    "same4c64": ((1, 64, 56, 56), (1, 64, 56, 56)),
    "same_odd": ((1, 255, 1023), (1, 255, 1023)),
    "chan": ((1, 64, 56, 56), (1, 64, 1, 1)),
    "lastrow": ((1, 256, 1024), (1, 1, 1024)),
    "col": ((1, 256, 1024), (1, 256, 1)),
    "scalar": ((1, 256, 1024), (1, 1, 1)),
    "outer": ((1, 256, 1), (1, 1, 1024)),
    "outer4": ((1, 24, 256, 1), (1, 24, 1, 256)),
    "head": ((1, 256, 24, 64), (1, 256, 24, 1)),
    "five": ((1, 4, 64, 24, 64), (1, 4, 64, 24, 64)),
    "mask": ((1, 12, 128, 128), (1, 1, 128, 128)),
    "tiny": ((1, 1, 24), (1, 1, 24)),
    "m2state": ((1, 24, 64, 128), (1, 24, 1, 1)),
}
CONSTANTS: dict[
    str, tuple[tuple[int, ...], tuple[int, ...]]
] = {  # kinds of activation and constant, `bc_...`
    "scalar": ((1, 256, 1024), ()),
    "chan4": ((1, 64, 56, 56), (1, 64, 1, 1)),
    "chan4c24": ((1, 24, 56, 56), (1, 24, 1, 1)),
    "lastrow": ((1, 256, 1024), (1024,)),
    "full": ((1, 256, 1024), (1, 256, 1024)),
    "col": ((1, 256, 1024), (1, 256, 1)),
}
MATMULS = {  # `mm_act_...`: two activations
    "2d": ((128, 128), (128, 128)),
    "b1": ((1, 256, 256), (1, 256, 256)),
    "qk12": ((1, 12, 128, 64), (1, 12, 64, 128)),
    "av12": ((1, 12, 128, 128), (1, 12, 128, 64)),
    "h24_256": ((1, 24, 256, 256), (1, 24, 256, 64)),
    "bcast": ((1, 24, 256, 128), (1, 1, 128, 256)),
    "h24_1x128x64": ((1, 24, 1, 128), (1, 24, 128, 64)),
    "h24_64x1x128": ((1, 24, 64, 1), (1, 24, 1, 128)),
}
CONTRACTIONS = {  # Mul, then ReduceSum over an axis: the sums of Mamba-2 (transformers 4)
    "mulreduce_dec": ((1, 24, 64, 128), (1, 24, 1, 128), 3),
    "mulreduce_same": ((1, 24, 64, 128), (1, 24, 64, 128), 3),
    "mulreduce_mid": ((1, 64, 24, 64), (1, 64, 24, 1), 1),
    "mr_rank5": ((1, 64, 1, 24, 128), (1, 1, 64, 24, 128), 4),
    "mr_rank4_noheads": ((1, 64, 1, 128), (1, 1, 64, 128), 3),
    "mr_matvec_heads": ((1, 24, 64, 128), (1, 24, 1, 128), 3),
}
ONNX_OPS = """Softplus Sigmoid Tanh Exp Sqrt Log Neg Abs Erf Relu Reciprocal Sin Cos Floor Sign HardSwish Mish
    Add Sub Mul Div Max Min Greater Softmax ReduceSum ReduceMean ReduceMax"""
ONNX_NAMES = {name.lower(): name for name in re.findall(r"\w+", ONNX_OPS)}


class Micro:
    """A graph under construction; every method returns the name of a tensor."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.random = np.random.default_rng(0)

    def x(self, *shape: int) -> str:
        """A new fp16 input."""
        name = f"x{len(self.inputs)}"
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT16, shape))
        return name

    def const(self, values: Any) -> str:
        """A constant; Python floats become fp16."""
        array = np.asarray(values, np.float16) if isinstance(values, float) else np.asarray(values)
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def weight(self, *shape: int) -> str:
        """Random fp16 weights, none of them zero (zeros would count as sparsity)."""
        return self.const((self.random.random(shape) + 0.5).astype(np.float16))

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """One node, named as in the table: the n-th Exp is `exp<n>`, and its output `exp<n>_o`."""
        name = f"{kind.lower()}{sum(n.op_type == kind for n in self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [f"{name}_o"], name=name, **attributes))
        return f"{name}_o"

    def model(self, output: str) -> onnx.ModelProto:
        """The finished, checked model."""
        graph = helper.make_graph(self.nodes, "micro", self.inputs, [], self.constants)
        graph.output.append(helper.make_empty_tensor_value_info(output))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        inferred = {v.name: v for v in onnx.shape_inference.infer_shapes(model).graph.output}
        model.graph.output[0].CopyFrom(inferred[output])
        onnx.checker.check_model(model)
        return model


def gelu(g: Micro, x: str) -> str:
    """x * 0.5 * (1 + erf(x / sqrt 2)), as exporters write it."""
    erf = g.op("Erf", g.op("Div", x, g.const(2**0.5)))
    return g.op("Mul", g.op("Mul", x, g.op("Add", erf, g.const(1.0))), g.const(0.5))


def silu(g: Micro, x: str) -> str:
    """x * sigmoid(x)."""
    return g.op("Mul", x, g.op("Sigmoid", x))


def mean_of_square(g: Micro, x: str) -> str:
    """mean(x^2) over the last axis."""
    return g.op("ReduceMean", g.op("Pow", x, g.const(2.0)), g.const(np.array([-1])))


def layernorm(g: Micro, x: str, width: int) -> str:
    """LayerNorm in single ops, scale and shift included."""
    d = g.op("Sub", x, g.op("ReduceMean", x, g.const(np.array([-1]))))
    y = g.op("Div", d, g.op("Sqrt", g.op("Add", mean_of_square(g, d), g.const(1e-5))))
    return g.op("Add", g.op("Mul", y, g.weight(width)), g.weight(width))


def rmsnorm(g: Micro, x: str, width: int, reciprocal: bool) -> str:
    """RMSNorm in single ops, as x / root or x * (1 / root)."""
    root = g.op("Sqrt", g.op("Add", mean_of_square(g, x), g.const(1e-5)))
    y = g.op("Mul", x, g.op("Reciprocal", root)) if reciprocal else g.op("Div", x, root)
    return g.op("Mul", g.weight(width), y)


ACTIVATIONS: dict[str, Callable[[Micro, str], str]] = {
    "gelu": gelu,
    "silu": silu,
    "clip06": lambda g, y: g.op("Clip", y, g.const(0.0), g.const(6.0)),
    "leaky": lambda g, y: g.op("LeakyRelu", y, alpha=0.1),
    "mulscalar": lambda g, y: g.op("Mul", y, g.const(0.125)),
    "hswish": lambda g, y: g.op("HardSwish", y),
}
ALONE: dict[str, Callable[[Micro, str], str]] = {
    "gelu_erf": gelu,
    "silu": silu,
    "leakyrelu": ACTIVATIONS["leaky"],
    "clip_0_6": ACTIVATIONS["clip06"],
    "clip_m1_1": lambda g, x: g.op("Clip", x, g.const(-1.0), g.const(1.0)),
    "mulself": lambda g, x: g.op("Mul", x, x),
    "pow2": lambda g, x: g.op("Pow", x, g.const(2.0)),
    "pow3": lambda g, x: g.op("Pow", x, g.const(3.0)),
    "pow_half": lambda g, x: g.op("Pow", x, g.const(0.5)),
}


def activation(g: Micro, name: str, x: str) -> str:
    """A named activation after x."""
    return ACTIVATIONS[name](g, x) if name in ACTIVATIONS else g.op(ONNX_NAMES[name], x)


def contraction(g: Micro, a: tuple[int, ...], b: tuple[int, ...], axis: int) -> str:
    """Mul, then ReduceSum."""
    return g.op("ReduceSum", g.op("Mul", g.x(*a), g.x(*b)), g.const(np.array([axis])), keepdims=0)


def conv(g: Micro, channels: int, size: int, kernel: int, depthwise: bool) -> str:
    """A square convolution with as many channels out as in, same padding, no bias."""
    weight = g.weight(channels, 1 if depthwise else channels, kernel, kernel)
    group = channels if depthwise else 1
    return g.op("Conv", g.x(1, channels, size, size), weight, pads=[kernel // 2] * 4, group=group)


def after(g: Micro, producer: str, act: str) -> str:
    """An activation after MatMul + bias (128x768x768) or after a 3x3 convolution with bias (64 at 56x56)."""
    if producer == "mm":
        y = g.op("Add", g.op("MatMul", g.x(1, 128, 768), g.weight(768, 768)), g.weight(768))
    else:
        y = g.op("Conv", g.x(1, 64, 56, 56), g.weight(64, 64, 3, 3), g.weight(64), pads=[1] * 4)
    return activation(g, act, y)


def of_rank(g: Micro, kind: str, shape: tuple[int, ...]) -> str:
    """One op on tensors of one shape: two inputs for Add and Mul, the last axis for Softmax."""
    if kind in ("add", "mul"):
        return g.op(ONNX_NAMES[kind], g.x(*shape), g.x(*shape))
    return g.op(ONNX_NAMES[kind], g.x(*shape), **({"axis": -1} if kind == "softmax" else {}))


def dims(text: str) -> tuple[int, ...]:
    """`1x128x768` as a shape."""
    return tuple(int(d) for d in text.split("x"))


RULES: list[tuple[str, Callable[..., str]]] = [
    (
        r"(?:t_)?(reduce(?:sum|mean|max))_([\dx]+)_ax([\d_]+)",
        lambda g, op, s, ax: g.op(
            ONNX_NAMES[op], g.x(*dims(s)), g.const(np.array([int(a) for a in ax.split("_")])), keepdims=1
        ),
    ),
    (r"cumsum_([\dx]+)_ax(\d)", lambda g, s, ax: g.op("CumSum", g.x(*dims(s)), g.const(np.array(int(ax))))),
    (r"softmax_([\dx]+)_ax(\d)", lambda g, s, ax: g.op("Softmax", g.x(*dims(s)), axis=int(ax))),
    (
        r"transpose_([\dx]+)_p(\d+)",
        lambda g, s, p: g.op("Transpose", g.x(*dims(s)), perm=[int(a) for a in p]),
    ),
    (r"rank_(\w+?)_([\dx]+)", lambda g, op, s: of_rank(g, op, dims(s))),
    (r"size_(\w+?)_(\d+)x1024", lambda g, op, rows: of_rank(g, op, (1, int(rows), 1024))),
    (
        r"(?:mm_const|gemm)_(\d+)x(\d+)x(\d+)",
        lambda g, m, k, n: g.op("MatMul", g.x(1, int(m), int(k)), g.weight(int(k), int(n))),
    ),
    (r"mm_act_(\w+)", lambda g, kind: g.op("MatMul", *(g.x(*s) for s in MATMULS[kind]))),
    (r"cv_(\d)x\d_c(\d+)_h(\d+)", lambda g, k, c, h: conv(g, int(c), int(h), int(k), False)),
    (r"cv_dw3_c(\d+)_h(\d+)", lambda g, c, h: conv(g, int(c), int(h), 3, True)),
    (r"post_(mm|conv)_(\w+)", after),
    (r"layernorm_dec_(\d+)x(\d+)", lambda g, m, d: layernorm(g, g.x(1, int(m), int(d)), int(d))),
    (
        r"rmsnorm_(dec|recip)_(\d+)x(\d+)",
        lambda g, form, m, d: rmsnorm(g, g.x(1, int(m), int(d)), int(d), form == "recip"),
    ),
    (r"b_([a-z]+)_(\w+)", lambda g, op, kind: g.op(ONNX_NAMES[op], *(g.x(*s) for s in PAIRS[kind]))),
    (
        r"bc_([a-z]+)_(\w+)",
        lambda g, op, kind: g.op(ONNX_NAMES[op], g.x(*CONSTANTS[kind][0]), g.weight(*CONSTANTS[kind][1])),
    ),
    (r"(m(?:ulreduce|r)_\w+)", lambda g, name: contraction(g, *CONTRACTIONS[name])),
    (r"u_([a-z]+)_([\dx]+)", lambda g, op, s: g.op(ONNX_NAMES[op], g.x(*dims(s)))),
    (
        r"u_([a-z_\d]+)",
        lambda g, op: (ALONE.get(op) or (lambda g, x: activation(g, op, x)))(g, g.x(1, 256, 1024)),
    ),
]


def build(name: str) -> onnx.ModelProto:
    """The graph of one `micro/` row (name without `micro/`); KeyError if no rule here knows it."""
    for pattern, rule in RULES:
        match = re.fullmatch(pattern, name)
        if match:
            g = Micro()
            return g.model(rule(g, *match.groups()))
    raise KeyError(name)
