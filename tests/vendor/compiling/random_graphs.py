"""Small random graphs of several nodes, by number: what the rules are judged by beside real files."""

import random
from math import prod

import onnx
from onnx import helper

from tests.vendor.compiling.forms import LATEST, TYPES, G

UNARY = ("Relu Sigmoid Tanh Exp Erf Sqrt Abs Neg Floor Ceil Sin Cos Softplus HardSwish Elu Gelu Sign Round Not "
         "LeakyRelu Mish HardSigmoid Identity IsNaN Reciprocal Softsign Asin Atan Cosh IsInf Selu").split()  # fmt: skip
BINARY = "Add Sub Mul Div Max Min Pow Equal Less Greater And Or Mod Xor PRelu LessOrEqual".split()
REDUCE = (
    "ReduceSum ReduceMean ReduceMax ReduceMin ReduceL2 ReduceProd ReduceSumSquare ReduceLogSumExp".split()
)
START = (
    ["float32"] * 6
    + ["float16"] * 3
    + ["int32", "int64", "uint8", "int8", "bool", "float64", "int16", "uint32"]
)
FLOATS = {"float32", "float16", "float64", "bfloat16"}


class Walk:
    """A graph that grows a node at a time; `live` are its tensors with their shapes and types."""

    def __init__(self, number: int) -> None:
        self.r = random.Random(number)
        self.g = G(opset=LATEST)
        self.live: list[tuple[str, tuple[int, ...], str]] = []
        rank = self.r.choice((1, 2, 3, 3, 4, 4, 4, 5))
        shape = tuple(self.r.choice((1, 2, 3, 4, 8, 16)) for _ in range(rank))
        for _ in range(self.r.choice((1, 1, 2))):
            dtype = self.r.choice(START)
            self.live.append((self.g.x(shape, dtype), shape, dtype))

    def model(self) -> onnx.ModelProto:
        """The graph after two to six steps; its last tensor is its output."""
        for _ in range(self.r.randint(2, 6)):
            self.step()
        name = self.live[-1][0]
        graph = helper.make_graph(
            self.g.nodes,
            "random",
            self.g.inputs,
            [helper.make_empty_tensor_value_info(name)],
            self.g.constants,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", LATEST)], ir_version=10)

    def step(self) -> None:
        """One more node behind the newest tensor."""
        steps = [self.unary, self.binary, self.binary, self.reduce, self.transpose, self.reshape, self.cast,
                 self.matmul, self.softmax, self.concat, self.cut, self.gather, self.scan,
                 self.deeper, self.topk]  # fmt: skip
        self.r.choice(steps)(*self.live[-1])

    def add(self, name: str, shape: tuple[int, ...], dtype: str) -> None:
        self.live.append((name, shape, dtype))

    def unary(self, x: str, shape: tuple[int, ...], dtype: str) -> None:
        kind = self.r.choice(UNARY)
        if kind in ("Not",) and dtype != "bool":
            kind = "Identity"
        if dtype not in FLOATS and kind not in ("Not", "Identity", "Abs", "Neg", "Sign", "Relu"):
            kind = "Abs"
        if dtype == "bool" and kind != "Not":
            kind = "Identity"
        self.add(self.g.op(kind, x), shape, "bool" if kind in ("IsNaN", "IsInf") else dtype)

    def binary(self, x: str, shape: tuple[int, ...], dtype: str) -> None:
        kind = self.r.choice(BINARY)
        logical = kind in ("And", "Or", "Xor")
        if logical != (dtype == "bool"):
            kind = "Or" if dtype == "bool" else "Add"
        same = [n for n, s, t in self.live[:-1] if s == shape and t == dtype]
        if same and self.r.random() < 0.6:
            other = self.r.choice(same)
        else:
            other = self.g.w(self.r.choice((shape, shape[-1:], ())) if shape else (), dtype)
        more = {"fmod": 1} if kind == "Mod" and dtype in FLOATS else {}
        compares = kind in ("Equal", "Less", "Greater", "LessOrEqual")
        self.add(self.g.op(kind, x, other, **more), shape, "bool" if compares else dtype)

    def reduce(self, x: str, shape: tuple[int, ...], dtype: str) -> None:
        if not shape or dtype in ("bool", "int8", "uint8", "int16"):
            return self.cast(x, shape, dtype)
        axis, keep = self.r.randrange(len(shape)), self.r.randint(0, 1)
        made = self.g.op(self.r.choice(REDUCE), x, self.g.c([axis], "int64"), keepdims=keep)
        return self.add(made, (*shape[:axis], *[1] * keep, *shape[axis + 1 :]), dtype)

    def transpose(self, x: str, shape: tuple[int, ...], dtype: str) -> None:
        if not shape:
            return self.deeper(x, shape, dtype)
        order = self.r.sample(range(len(shape)), len(shape))
        return self.add(self.g.op("Transpose", x, perm=order), tuple(shape[i] for i in order), dtype)

    def reshape(self, x: str, shape: tuple[int, ...], dtype: str) -> None:
        size, new = prod(shape), []
        for _ in range(self.r.randint(0, 5)):
            factor = self.r.choice([f for f in (1, 2, 3, 4) if size % f == 0])
            new.append(factor)
            size //= factor
        new.append(size)
        self.add(self.g.op("Reshape", x, self.g.c(new, "int64")), tuple(new), dtype)

    def deeper(self, x: str, shape: tuple[int, ...], dtype: str) -> None:
        axis = self.r.randint(0, len(shape))
        self.add(
            self.g.op("Unsqueeze", x, self.g.c([axis], "int64")), (*shape[:axis], 1, *shape[axis:]), dtype
        )

    def cast(self, x: str, shape: tuple[int, ...], dtype: str) -> None:
        to = self.r.choice(START)
        self.add(self.g.op("Cast", x, to=TYPES[to]), shape, to)

    def matmul(self, x: str, shape: tuple[int, ...], dtype: str) -> None:
        if len(shape) < 2 or dtype not in (*FLOATS, "int32", "int64", "uint32"):
            return self.unary(x, shape, dtype)
        return self.add(self.g.op("MatMul", x, self.g.w((shape[-1], 8), dtype)), (*shape[:-1], 8), dtype)

    def softmax(self, x: str, shape: tuple[int, ...], dtype: str) -> None:
        if not shape or dtype not in FLOATS:
            return self.unary(x, shape, dtype)
        kind = self.r.choice(("Softmax", "LogSoftmax", "LpNormalization"))
        return self.add(self.g.op(kind, x, axis=self.r.randrange(len(shape))), shape, dtype)

    def concat(self, x: str, shape: tuple[int, ...], dtype: str) -> None:
        if not shape:
            return self.deeper(x, shape, dtype)
        axis = self.r.randrange(len(shape))
        made = self.g.op("Concat", x, self.g.w(shape, dtype), axis=axis)
        return self.add(made, (*shape[:axis], 2 * shape[axis], *shape[axis + 1 :]), dtype)

    def cut(self, x: str, shape: tuple[int, ...], dtype: str) -> None:
        if not shape:
            return self.deeper(x, shape, dtype)
        axis = self.r.randrange(len(shape))
        end = self.r.randint(1, shape[axis])
        made = self.g.op("Slice", x, *(self.g.c([v], "int64") for v in (0, end, axis)))
        return self.add(made, (*shape[:axis], end, *shape[axis + 1 :]), dtype)

    def gather(self, x: str, shape: tuple[int, ...], dtype: str) -> None:
        if not shape:
            return self.deeper(x, shape, dtype)
        axis, count = self.r.randrange(len(shape)), self.r.randint(1, 3)
        made = self.g.op("Gather", x, self.g.c([0] * count, "int64"), axis=axis)
        return self.add(made, (*shape[:axis], count, *shape[axis + 1 :]), dtype)

    def scan(self, x: str, shape: tuple[int, ...], dtype: str) -> None:
        if not shape or dtype not in (*FLOATS, "int32", "int64"):
            return self.unary(x, shape, dtype)
        return self.add(self.g.op("CumSum", x, self.g.c(self.r.randrange(len(shape)), "int64")), shape, dtype)

    def topk(self, x: str, shape: tuple[int, ...], dtype: str) -> None:
        if not shape or dtype not in ("float32", "float16", "int32", "int64"):
            return self.unary(x, shape, dtype)
        axis = self.r.randrange(len(shape))
        made = self.g.op("TopK", x, self.g.c([1], "int64"), count=2, axis=axis)[0]
        return self.add(made, (*shape[:axis], 1, *shape[axis + 1 :]), dtype)


def random_graph(number: int) -> onnx.ModelProto:
    """The graph of a number."""
    return Walk(number).model()
