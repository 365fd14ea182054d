"""Forms of normalisation and of ops on images."""

from typing import Any

from tests.vendor.compiling.forms import SHAPES, G, form

FLOATS = "float32 float16"
IMAGE = {3: (1, 8, 16), 4: (1, 8, 16, 12), 5: (1, 8, 6, 8, 10), 6: (1, 8, 4, 4, 4, 4)}


# Normalisation
@form("BatchNormalization", ranks=(2, 3, 4, 5), types="all")
def batch_norm(g: G, rank: int, dtype: str):
    shape = IMAGE.get(rank, (4, 8))
    return g.op("BatchNormalization", g.x(shape, dtype), *(g.w((8,), dtype) for _ in range(4)))


@form("BatchNormalization", "training")
def batch_norm_training(g: G, rank: int, dtype: str):
    return g.op("BatchNormalization", g.x(IMAGE[4]), *(g.w((8,)) for _ in range(4)), count=3, training_mode=1)


@form("InstanceNormalization", ranks=(3, 4, 5), types="all")
def instance_norm(g: G, rank: int, dtype: str):
    return g.op("InstanceNormalization", g.x(IMAGE[rank], dtype), g.w((8,), dtype), g.w((8,), dtype))


@form("GroupNormalization", ranks=(3, 4, 5), types="all")
def group_norm(g: G, rank: int, dtype: str):
    return g.op(
        "GroupNormalization", g.x(IMAGE[rank], dtype), g.w((8,), dtype), g.w((8,), dtype), num_groups=2
    )


@form("LayerNormalization RMSNormalization", ranks=(2, 3, 4, 5), types="float32 float16 float64 bfloat16")
def layer_norm(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x(SHAPES[rank], dtype), g.w((16,), dtype), axis=-1)


@form("LayerNormalization RMSNormalization", "two axes", ranks=(3, 4))
def layer_norm_two(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x(SHAPES[rank], dtype), g.w((4, 16), dtype), axis=-2)


@form("LayerNormalization", "mean and deviation")
def layer_norm_outputs(g: G, rank: int, dtype: str):
    return g.op("LayerNormalization", g.x(SHAPES[3]), g.w((16,)), g.w((16,)), count=3)


@form("LRN", ranks=(3, 4, 5), types=FLOATS)
def lrn(g: G, rank: int, dtype: str):
    return g.op("LRN", g.x(IMAGE[rank], dtype), size=3)


# Images
def _resize(
    name: str,
    ranks: tuple[int, ...] = (4,),
    types: str = "",
    scales: tuple[float, ...] = (1, 1, 2, 2),
    **attributes: Any,
):
    @form("Resize", name, ranks=ranks, types=types)
    def resize(g: G, rank: int, dtype: str):
        factors = scales if rank == 4 else (1, 1, *[scales[-1]] * (rank - 2))
        return g.op("Resize", g.x(IMAGE[rank], dtype), "", g.c(factors), **attributes)


for _mode in ("nearest", "linear", "cubic"):
    _resize(_mode, (3, 4, 5), "float32 float16 uint8 int8 int32 int64", mode=_mode)
    for _place in ("asymmetric", "align_corners", "pytorch_half_pixel", "half_pixel_symmetric"):
        _resize(f"{_mode} {_place}", mode=_mode, coordinate_transformation_mode=_place)
    _resize(f"{_mode} half", scales=(1, 1, 0.5, 0.5), mode=_mode)
    _resize(f"{_mode} odd", scales=(1, 1, 1.3, 1.7), mode=_mode)
_resize("linear antialias", scales=(1, 1, 0.5, 0.5), mode="linear", antialias=1)
_resize("linear channels", scales=(1, 2, 2, 2), mode="linear")
_resize("nearest batch", scales=(2, 1, 2, 2), mode="nearest")
_resize("nearest width", scales=(1, 1, 1, 2), mode="nearest")
for _nearest in ("floor", "ceil", "round_prefer_ceil"):
    _resize(f"nearest {_nearest}", mode="nearest", nearest_mode=_nearest)


@form("Resize", "sizes")
def resize_sizes(g: G, rank: int, dtype: str):
    return g.op("Resize", g.x(IMAGE[4]), "", "", g.c([1, 8, 20, 20], "int64"), mode="linear")


@form("Resize", "run-time sizes")
def resize_unknown(g: G, rank: int, dtype: str):
    return g.op("Resize", g.x(IMAGE[4]), "", "", g.x((4,), "int64"), mode="linear")


@form("Resize", "crop")
def resize_crop(g: G, rank: int, dtype: str):
    roi = g.c([0, 0, 0.2, 0.2, 1, 1, 0.8, 0.8])
    sizes = g.c([1, 8, 8, 8], "int64")
    return g.op(
        "Resize",
        g.x(IMAGE[4]),
        roi,
        "",
        sizes,
        mode="linear",
        coordinate_transformation_mode="tf_crop_and_resize",
    )


def _upsample(mode: str):
    @form("Upsample", mode, opset=9)
    def upsample(g: G, rank: int, dtype: str):
        return g.op("Upsample", g.x(IMAGE[4]), g.c([1, 1, 2, 2]), mode=mode)


_upsample("nearest")
_upsample("linear")


def _grid(mode: str, padding: str, corners: int):
    @form(
        "GridSample",
        f"{mode} {padding} {corners}",
        ranks=(4, 5) if padding == "zeros" else (4,),
        types=FLOATS,
    )
    def grid(g: G, rank: int, dtype: str):
        where = (1, *IMAGE[rank][2:], rank - 2)
        return g.op(
            "GridSample",
            g.x(IMAGE[rank], dtype),
            g.x(where, dtype),
            mode=mode,
            padding_mode=padding,
            align_corners=corners,
        )


for _mode in ("linear", "nearest", "cubic"):
    for _padding in ("zeros", "border", "reflection"):
        _grid(_mode, _padding, 0)
_grid("linear", "zeros", 1)


@form("AffineGrid", ranks=(4, 5))
def affine_grid(g: G, rank: int, dtype: str):
    n = rank - 2
    return g.op("AffineGrid", g.x((1, n, n + 1)), g.c([1, 3, 8, 8, 8][:rank], "int64"))


@form("Col2Im")
def col2im(g: G, rank: int, dtype: str):
    return g.op("Col2Im", g.x((1, 5 * 4, 16)), g.c([8, 8], "int64"), g.c([2, 2], "int64"), strides=[2, 2])


@form("CenterCropPad", types="float32 int32")
def center_crop(g: G, rank: int, dtype: str):
    return g.op("CenterCropPad", g.x((10, 8), dtype), g.c([8, 10], "int64"))


@form("DepthToSpace SpaceToDepth", types="all")
def blocks(g: G, rank: int, dtype: str, op: str):
    return g.op(op, g.x((1, 8, 8, 12), dtype), blocksize=2)


@form("DepthToSpace", "CRD", types=FLOATS)
def blocks_crd(g: G, rank: int, dtype: str):
    return g.op("DepthToSpace", g.x((1, 8, 8, 12), dtype), blocksize=2, mode="CRD")


@form("NonMaxSuppression")
def nms(g: G, rank: int, dtype: str):
    more = (g.c([5], "int64"), g.c([0.5]), g.c([0.1]))
    return g.op("NonMaxSuppression", g.x((1, 20, 4)), g.x((1, 2, 20)), *more)
