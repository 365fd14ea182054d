"""The same ops on small and odd sizes: one channel, a batch of several, sides of three to seven."""

from tests.vendor.compiling.catalogue_variants import NONE, c, s, variant, w, x

SIZES = {"one channel": (1, 1, 5, 5), "batch": (2, 3, 6, 6), "odd": (1, 3, 7, 5), "channels": (3, 5, 4, 4)}
CUBES = {"one channel": (1, 1, 3, 4, 5), "batch": (2, 2, 4, 4, 4)}

for name, shape in SIZES.items():
    n = shape[1]
    image = x(*shape)
    weights = x(2, n, 3, 3)
    variant("Conv", f"small {name}", image, weights, kernel_shape=[3, 3], pads=[1] * 4)
    variant(
        "Conv", f"small {name} strided", image, weights, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4
    )
    variant(
        "Conv",
        f"small {name} unequal pads",
        image,
        weights,
        kernel_shape=[3, 3],
        strides=[2, 2],
        pads=[1, 0, 1, 0],
    )
    variant("ConvTranspose", f"small {name}", image, x(n, 2, 3, 3))
    variant("ConvTranspose", f"small {name} strided", image, x(n, 2, 3, 3), strides=[3, 2])
    variant("ConvTranspose", f"small {name} padded", image, x(n, 2, 3, 3), strides=[3, 2], pads=[1, 2, 1, 2])
    variant("ConvTranspose", f"small {name} dilated", image, x(n, 1, 2, 2), dilations=[2, 2])
    variant(
        "ConvTranspose",
        f"small {name} output shape",
        image,
        x(n, 2, 3, 3),
        strides=[2, 2],
        output_shape=[12, 12],
    )
    for op in ("MaxPool", "AveragePool", "LpPool"):
        variant(op, f"small {name}", image, kernel_shape=[2, 2])
        variant(op, f"small {name} padded", image, kernel_shape=[3, 3], pads=[1] * 4)
        variant(op, f"small {name} dilated", image, kernel_shape=[2, 2], dilations=[2, 2])
        variant(op, f"small {name} ceil", image, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    variant("MaxPool", f"small {name} places", image, kernel_shape=[2, 2], strides=[2, 2], count=2)
    variant("SpaceToDepth", f"small {name}", x(shape[0], n, 6, 4), blocksize=2)
    variant("DepthToSpace", f"small {name}", x(shape[0], 8, 2, 3), blocksize=2)
    variant("DepthToSpace", f"small {name} CRD", x(shape[0], 8, 2, 3), blocksize=2, mode="CRD")
    variant("InstanceNormalization", f"small {name}", image, x(n), x(n))
    variant("BatchNormalization", f"small {name}", image, x(n), x(n), x(n), x(n))
    variant("LRN", f"small {name}", image, size=3)
    for mode in ("nearest", "linear", "cubic"):
        variant("Resize", f"small {name} {mode}", image, NONE, c(1, 1, 2, 3, t="float32"), mode=mode)
        variant("Resize", f"small {name} {mode} less", image, NONE, c(1, 1, 0.6, 0.6, t="float32"), mode=mode)
        variant("Resize", f"small {name} {mode} corners", image, NONE, c(1, 1, 2, 2, t="float32"), mode=mode,
                coordinate_transformation_mode="align_corners")  # fmt: skip
    variant("GlobalMaxPool", f"small {name}", image)
    variant("GlobalAveragePool", f"small {name}", image)
    variant("RoiAlign", f"small {name}", image, x(3, 4), x(3, t="int64"), output_height=3, output_width=3)
    variant("GridSample", f"small {name}", image, x(shape[0], 4, 4, 2))
    variant("QLinearConv", f"small {name}", x(*shape, t="uint8"), s(0.1), s(3, "uint8"), w(2, n, 1, 1, t="uint8"),
            s(0.1),
            s(1, "uint8"), s(0.2), s(2, "uint8"))  # fmt: skip
    variant("ConvInteger", f"small {name}", x(*shape, t="uint8"), x(1, n, 2, 2, t="uint8"), x(t="uint8"))
for name, shape in CUBES.items():
    n = shape[1]
    variant("Conv", f"small cube {name}", x(*shape), x(2, n, 2, 2, 2))
    variant("ConvTranspose", f"small cube {name}", x(*shape), x(n, 2, 3, 3, 3))
    variant("ConvTranspose", f"small row {name}", x(*shape[:3]), x(n, 2, 3))
    variant("Conv", f"small row {name}", x(*shape[:3]), x(2, n, 2))
    for op in ("MaxPool", "AveragePool", "LpPool"):
        variant(op, f"small cube {name}", x(*shape), kernel_shape=[2, 2, 2])
        variant(op, f"small cube {name} dilated", x(*shape), kernel_shape=[2, 2, 2], dilations=[2, 2, 2])
        variant(op, f"small row {name}", x(*shape[:3]), kernel_shape=[2])
