"""Forms of products, convolutions and poolings."""

from typing import Any

from tests.vendor.compiling.forms import SHAPES, G, form

FLOATS = "float32 float16"
WIDE = "float32 float16 bfloat16 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64"
IMAGE = {3: (1, 8, 16), 4: (1, 8, 16, 12), 5: (1, 8, 6, 8, 10), 6: (1, 8, 4, 4, 4, 4)}


# Products
@form("MatMul", ranks=(1, 2, 3, 4, 5, 6), types="all")
def matmul(g: G, rank: int, dtype: str):
    shape = SHAPES[rank]
    return g.op("MatMul", g.x(shape, dtype), g.x((*shape[:-2], 16, 8) if rank > 1 else (16,), dtype))


@form("MatMul", "constant", ranks=(1, 2, 3, 4, 5, 6), types="all")
def matmul_constant(g: G, rank: int, dtype: str):
    return g.op("MatMul", g.x(SHAPES[rank], dtype), g.w((16, 8), dtype))


@form("Gemm", types="all", ranks=(2,))
def gemm(g: G, rank: int, dtype: str):
    return g.op("Gemm", g.x((4, 16), dtype), g.w((8, 16), dtype), g.w((8,), dtype), transB=1)


@form("Gemm", "two inputs", types="float32 int32", ranks=(2,))
def gemm_inputs(g: G, rank: int, dtype: str):
    return g.op("Gemm", g.x((4, 16), dtype), g.x((16, 8), dtype), g.x((4, 8), dtype), alpha=0.5, beta=2.0)


@form("Gemm", "transposed", ranks=(2,))
def gemm_turned(g: G, rank: int, dtype: str):
    return g.op("Gemm", g.x((16, 4)), g.w((16, 8)), transA=1)


def _integer(op: str, left: str, right: str, zero: bool):
    @form(op, f"{left} {right}" + " zero points" * zero, types=left, ranks=(2,))
    def integer(g: G, rank: int, dtype: str):
        a, b = ((4, 16), (16, 8)) if op == "MatMulInteger" else ((1, 8, 8, 8), (4, 8, 3, 3))
        zeros = [g.c(1, left), g.c(1, right)] if zero else []
        return g.op(op, g.x(a, dtype), g.w(b, right), *zeros)


for _left, _right in (("int8", "int8"), ("uint8", "int8"), ("uint8", "uint8")):
    for _zero in (False, True):
        _integer("MatMulInteger", _left, _right, _zero)
        _integer("ConvInteger", _left, _right, _zero)


def _qlinear(dtype_x: str, dtype_w: str):
    @form("QLinearMatMul", f"{dtype_x} {dtype_w}", types=dtype_x, ranks=(2, 3))
    def product(g: G, rank: int, dtype: str):
        a = (g.x(SHAPES[rank], dtype), g.c(0.1), g.c(3, dtype))
        return g.op(
            "QLinearMatMul", *a, g.w((16, 8), dtype_w), g.c(0.1), g.c(1, dtype_w), g.c(0.2), g.c(2, dtype)
        )

    @form("QLinearConv", f"{dtype_x} {dtype_w}", types=dtype_x, ranks=(3, 4, 5))
    def conv(g: G, rank: int, dtype: str):
        a = (g.x(IMAGE[rank], dtype), g.c(0.1), g.c(3, dtype))
        w = g.w((4, 8, *[3] * (rank - 2)), dtype_w)
        return g.op("QLinearConv", *a, w, g.c(0.1), g.c(0, dtype_w), g.c(0.2), g.c(2, dtype))


for _x, _w in (("uint8", "uint8"), ("uint8", "int8"), ("int8", "int8")):
    _qlinear(_x, _w)


# Convolutions
def _conv(
    name: str,
    ranks: tuple[int, ...] = (4,),
    types: str = "",
    kernel: int = 3,
    groups: int = 1,
    co: int = 16,
    run_time: bool = False,
    **attributes: Any,
):
    @form("Conv", name, ranks=ranks, types=types)
    def conv(g: G, rank: int, dtype: str):
        shape = (co, 8 // groups, *[kernel] * (rank - 2))
        weight = g.x(shape, dtype) if run_time else g.w(shape, dtype)
        return g.op("Conv", g.x(IMAGE[rank], dtype), weight, group=groups, **attributes)


_conv("", (3, 4, 5, 6), WIDE)
_conv("pointwise", (3, 4, 5), kernel=1)
_conv("depthwise", (3, 4, 5), groups=8, co=8)
_conv("grouped", (3, 4), groups=2)
_conv("run-time weights", (3, 4), run_time=True)
_conv("dilated", dilations=[2, 2])
_conv("strided", strides=[2, 2], pads=[1, 1, 1, 1])
_conv("unequal strides", strides=[2, 1])
_conv("same", auto_pad="SAME_UPPER")
_conv("large kernel", kernel=12)
_conv("large stride", kernel=9, strides=[9, 9], pads=[4, 4, 4, 4])
_conv("unequal pads", pads=[0, 1, 2, 1])


@form("Conv", "bias", types=FLOATS)
def conv_bias(g: G, rank: int, dtype: str):
    return g.op("Conv", g.x(IMAGE[4], dtype), g.w((16, 8, 3, 3), dtype), g.w((16,), dtype))


def _deconv(
    name: str,
    ranks: tuple[int, ...] = (4,),
    types: str = "",
    groups: int = 1,
    run_time: bool = False,
    **attributes: Any,
):
    @form("ConvTranspose", name, ranks=ranks, types=types)
    def deconv(g: G, rank: int, dtype: str):
        shape = (8, 8 // groups, *[3] * (rank - 2))
        weight = g.x(shape, dtype) if run_time else g.w(shape, dtype)
        return g.op("ConvTranspose", g.x(IMAGE[rank], dtype), weight, group=groups, **attributes)


_deconv("", (3, 4, 5), "float32 float16 float64 bfloat16")
_deconv("strided", strides=[2, 2], pads=[1, 1, 1, 1])
_deconv("output padding", strides=[2, 2], output_padding=[1, 1])
_deconv("grouped", groups=2)
_deconv("depthwise", groups=8)
_deconv("dilated", dilations=[2, 2])
_deconv("run-time weights", run_time=True)


@form("DeformConv", types="all")
def deform(g: G, rank: int, dtype: str):
    return g.op(
        "DeformConv",
        g.x((1, 8, 10, 10), dtype),
        g.w((4, 8, 3, 3), dtype),
        g.x((1, 18, 8, 8), dtype),
        kernel_shape=[3, 3],
    )


# Pooling
def _pool(
    op: str,
    name: str,
    ranks: tuple[int, ...] = (4,),
    types: str = "",
    kernel: int = 3,
    count: int = 1,
    **attributes: Any,
):
    @form(op, name, ranks=ranks, types=types)
    def pool(g: G, rank: int, dtype: str):
        return g.op(
            op, g.x(IMAGE[rank], dtype), count=count, kernel_shape=[kernel] * (rank - 2), **attributes
        )


for _op, _types in (("MaxPool", "all"), ("AveragePool", "all"), ("LpPool", "all")):
    _pool(_op, "", (3, 4, 5), _types)
    _pool(_op, "strided", strides=[2, 2], pads=[1, 1, 1, 1])
    _pool(_op, "ceil", strides=[2, 2], ceil_mode=1)
    _pool(_op, "dilated", dilations=[2, 2])
    _pool(_op, "same", auto_pad="SAME_LOWER")
    _pool(_op, "large", kernel=12)
_pool("MaxPool", "indices", (3, 4, 5), count=2)
_pool("MaxPool", "5D strided", (5,), strides=[2, 2, 2])
_pool("AveragePool", "5D strided", (5,), strides=[2, 2, 2])
_pool("AveragePool", "count padding", pads=[1, 1, 1, 1], count_include_pad=1)
_pool("LpPool", "p 1", p=1)


@form("GlobalAveragePool GlobalMaxPool GlobalLpPool", ranks=(3, 4, 5), types="all")
def global_pool(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x(IMAGE[rank], dtype))


@form("MaxRoiPool")
def roi_pool(g: G, rank: int, dtype: str):
    return g.op("MaxRoiPool", g.x(IMAGE[4]), g.x((3, 5)), pooled_shape=[2, 2])


@form("MaxUnpool")
def unpool(g: G, rank: int, dtype: str):
    return g.op(
        "MaxUnpool", g.x((1, 2, 4, 4)), g.x((1, 2, 4, 4), "int64"), kernel_shape=[2, 2], strides=[2, 2]
    )


def _roi_align(mode: str):
    @form("RoiAlign", mode)
    def align(g: G, rank: int, dtype: str):
        return g.op(
            "RoiAlign",
            g.x(IMAGE[4]),
            g.x((3, 4)),
            g.x((3,), "int64"),
            mode=mode,
            output_height=2,
            output_width=2,
            sampling_ratio=2,
        )


_roi_align("avg")
_roi_align("max")
