"""The words ops and the rest of the simulator share: DSP kernel names and lowering names.

`KERNELS`: every kernel an op may ask the DSPs for. A hardware file must price each of them.
The names are those of Intel's published kernel table where it has one (VPUNN,
shave_layers_vpu_40.csv), else the ONNX or OpenVINO word in lower case. 'default' stands for
kernels nobody has published a line for.

`LOWERINGS`: every way an op may be run. Compiler profiles choose among them by name.
"""

from __future__ import annotations

KERNELS: dict[str, str] = {
    # one input, one output element per input element
    "abs": "absolute value",
    "acos": "arc cosine",
    "acosh": "inverse hyperbolic cosine",
    "asin": "arc sine",
    "asinh": "inverse hyperbolic sine",
    "atan": "arc tangent",
    "atanh": "inverse hyperbolic tangent",
    "ceiling": "round up",
    "clamp": "limit to a range",
    "cos": "cosine",
    "cosh": "hyperbolic cosine",
    "elu": "exponential linear unit",
    "erf": "error function",
    "exp": "exponential",
    "floor": "round down",
    "gelu": "Gaussian error linear unit",
    "hardsigmoid": "sigmoid of three straight lines",
    "hswish": "x times hard sigmoid",
    "log": "natural logarithm",
    "logicalnot": "not",
    "mish": "x tanh(softplus(x))",
    "negative": "change of sign",
    "prelu": "ReLU with a slope below zero",
    "relu": "max(x, 0)",
    "round": "round to nearest",
    "selu": "scaled exponential linear unit",
    "sigmoid": "logistic function",
    "sign": "sign",
    "sin": "sine",
    "sinh": "hyperbolic sine",
    "softplus": "log(1 + exp(x))",
    "sqrt": "square root",
    "swish": "x sigmoid(x)",
    "tan": "tangent",
    "tanh": "hyperbolic tangent",
    "convert": "change of element type",
    "fakequantize": "quantise or dequantise",
    "pwl_table": "piecewise linear function: one compare and one multiply-add per segment",
    # two or three inputs
    "add": "sum of two tensors",
    "sub": "difference of two tensors",
    "mul": "product of two tensors",
    "div": "quotient of two tensors",
    "floormod": "remainder",
    "power": "x to the y",
    "max": "larger of two",
    "min": "smaller of two",
    "equal": "comparison ==",
    "less": "comparison <",
    "lesseq": "comparison <=",
    "greater": "comparison >",
    "greatereq": "comparison >=",
    "logicaland": "and",
    "logicalor": "or",
    "logicalxor": "exclusive or",
    "select": "Where: one of two by a condition",
    # rows: reductions, scans, normalisations (elements are input elements)
    "reduce_sum": "sum, or sum of a function of each element, along axes",
    "reduce_mean": "mean along axes",
    "reduce_max": "largest along axes",
    "reduce_min": "smallest along axes",
    "reduce_prod": "product along axes",
    "reduce_l2": "root of the sum of squares along axes",
    "avg_pool": "average of the pixels of windows",
    "cumsum": "running sum along an axis",
    "cumprod": "running product along an axis",
    "topk": "the k largest along an axis",
    "softmax": "softmax along an axis",
    "log_softmax": "log of softmax along an axis",
    "mvn": "mean and variance normalisation of rows",
    "rmsnorm": "root mean square normalisation of rows",
    "normalize_l2": "rows divided by their norm",
    "rope": "rotary embedding: x by a cosine and turned x by a sine, added",
    "lrn": "local response normalisation",
    # moves
    "gather": "reads by index",
    "scatter": "writes by index",
    "permute": "transpose",
    "pad": "border around a tensor",
    "tile": "repetition of a tensor",
    "onehot": "one-hot encoding",
    "interpolate": "resize",
    "grid_sample": "reads at fractional positions",
    "roi_align": "pooling of regions",
    "nonmaxsuppression": "choice among overlapping boxes",
    # recurrent gates, per time step
    "lstm": "gates of an LSTM cell",
    "lstm_sequence": "all steps of an LSTM",
    "gru": "gates of a GRU cell",
    "rnn": "the gate of a simple recurrent cell",
    "default": "a kernel nobody has published a line for",
}

LOWERINGS: dict[str, tuple[tuple[str, ...], str]] = {
    # name: (engines it uses, meaning)
    "view": ((), "nothing runs: the same bytes under another shape"),
    "broadcast_view": ((), "nothing runs: the consumer reads the small tensor again and again"),
    "fused": ((), "nothing runs: done by the producer's or the consumer's own conversion"),
    "mac_array": (("mac_array",), "the op's natural form on the MAC array"),
    "mac_array_table": (("mac_array",), "a pass through the MAC array with the activation table of NPU 5010"),
    "mac_array_table_any": (
        ("mac_array",),
        "the same for functions no known compiler puts in that table (softplus, erf, ...): a what-if",
    ),
    "turned": (
        ("mac_array", "dma"),
        "a product whose operands or result are written in another order first, through DDR",
    ),
    "turned_filled": (
        ("mac_array", "dma"),
        "the same by passes of the MAC array where the DMA would do it, channels padded to whole sixteens",
    ),
    "rounded_up": (("dsp",), "an average pooling whose size is rounded up, a kernel on one tile"),
    "sliced": (
        ("mac_array",),
        "a convolution in several: windows of up to 11, strides of up to 8, results added",
    ),
    "sliced_15": (("mac_array",), "the same with windows of up to 15 (NPU 5010)"),
    "dilated": (
        ("mac_array", "dma"),
        "a convolution whose taps lie apart, its window spread out with zeros, in several beyond 11",
    ),
    "dilated_15": (("mac_array", "dma"), "the same with windows of up to 15 (NPU 5010)"),
    "dilated_by_tap": (("mac_array", "dma"), "the same tap by tap, where there are too many weights"),
    "as_convolution": (
        ("mac_array",),
        "a depthwise transposed convolution as one over all channels, most of its weights zeros (NPU 4000, 5010)",
    ),
    "phases_at_once": (
        ("mac_array", "dma"),
        "a transposed convolution as one whose channels are the places between two inputs, then put in place",
    ),
    "read_again": (
        ("mac_array",),
        "an image with a border of its own values, read by address in a 1x1 convolution",
    ),
    "upsampled_sliced": (
        ("mac_array", "dma"),
        "a transposed convolution whose window is cut, over the image spread out with zeros, copied with its border",
    ),
    "upsampled_sliced_15": (("mac_array", "dma"), "the same with windows of up to 15 (NPU 5010)"),
    "stepped": (("mac_array",), "every so many-th place, by a convolution of one tap with that stride"),
    "stepped_expanded": (
        ("mac_array", "dma"),
        "the same, behind passes through DDR that fill channels to sixteens",
    ),
    "stepped_copied": (("mac_array", "dma"), "the same, behind a copy that fills channels to sixteens"),
    "upsampled": (
        ("mac_array",),
        "a convolution over the image spread out with zeros, which are written first",
    ),
    "by_phases": (
        ("mac_array", "dma"),
        "a transposed convolution as one for each place of an output between two inputs, results interleaved",
    ),
    "scale_shift": (("mac_array",), "a 1x1 depthwise convolution: x * constant + constant per channel"),
    "interpolated": (
        ("mac_array",),
        "an image made larger by convolutions that read it at computed addresses (NPU 4000, 5010)",
    ),
    "interpolated_15": (("mac_array",), "the same by windows of 12 to 15 (NPU 5010)"),
    "copied_larger": (
        ("dma", "mac_array"),
        "an image made larger by copies within the DDR, and a depthwise window behind them (NPU 3720)",
    ),
    "copied_turned": (
        ("dma", "mac_array"),
        "the same of an image of the graph, which is turned for the window (NPU 3720)",
    ),
    "joined_view": (
        (),
        "nothing runs: all producers write side by side into one tensor, which waits for all",
    ),
    "dsp": (("dsp",), "one kernel (or a short chain of kernels) on the DSPs"),
    "dsp_over_data": (("dsp",), "one kernel whose time goes with all of the data it picks from (NPU 5010)"),
    "by_depth": (
        ("mac_array", "dma"),
        "a convolution over three axes, image by image and tap by tap, added up and joined through DDR",
    ),
    "by_depth_15": (("mac_array", "dma"), "the same with windows of up to 15 (NPU 5010)"),
    "edges_apart": (
        ("mac_array", "dma"),
        "an average pooling that does not count its padding, as one of its centre and one of each edge and corner",
    ),
    "averaged": (
        ("mac_array", "dma"),
        "an average pooling of a long window by windows of up to 11, one behind another or in slices that are added",
    ),
    "averaged_15": (("mac_array", "dma"), "the same with windows of up to 15 (NPU 5010)"),
    "plane_15": (
        ("mac_array",),
        "a whole plane pooled by windows of up to 15 (NPU 5010), with fewer in between",
    ),
    "side_by_side": (("mac_array",), "a max pooling of long windows side by side by their factors"),
    "side_by_side_15": (("mac_array",), "the same with windows of up to 15 (NPU 5010)"),
    "twice": (
        ("mac_array",),
        "a max pooling of a long window as two of half its window, one behind the other",
    ),
    "by_inverse": (("dsp",), "a Div by a smaller tensor: its inverse by one kernel, a product by another"),
    "dma": (("dma",), "a copy by DMA"),
    "filled": (("dma",), "copies made by DMA in the scratchpad, then written"),
    "dma_over_table": (
        ("dma",),
        "rows fetched by DMA, in the time that moving the whole table takes (Intel's estimate)",
    ),
    "dma_permute": (("dma",), "a transpose by DMA"),
    "mac_permute_twice": (("mac_array",), "a transpose as two such poolings, through DDR"),
    "mac_permute": (("mac_array",), "a transpose as a 1x1 max pooling that writes in another order"),
    "decomposed": (("mac_array", "dsp"), "several steps on more than one engine"),
    "gates_in_halves": (
        ("mac_array", "dsp"),
        "an LSTM whose recurrent products go in two halves and are added as the one row they are",
    ),
    "one_kernel": (
        ("mac_array", "dsp"),
        "an LSTM as the product for its inputs and one kernel for all of its steps",
    ),
    "ones_convolution": (
        ("mac_array",),
        "sum over the channels of an image as a 1x1 convolution with all-ones weights",
    ),
    "ones_convolution_by_neighbour": (
        ("mac_array",),
        "the same where the width is a multiple of 16: Intel's compiler wants a MAC-array neighbour then",
    ),
    "ones_convolution_without_axis": (
        ("mac_array",),
        "the same without keepdims: Intel's schedules of 2026 do not depend on it",
    ),
    "ones_convolution_innermost": (
        ("mac_array",),
        "sum over the innermost axis as a 1x1 convolution with all-ones weights, >= 4096 elements (2025 on)",
    ),
    "ones_convolution_expanded": (
        ("mac_array", "dma"),
        "the same over a short first axis, expanded through DDR to sixteen channels and sixteen rows",
    ),
    "ones_convolution_flat": (
        ("mac_array",),
        "the same over a first axis of any length with nothing expanded: what it costs as an image",
    ),
    "pooling_chain_as_it_lies": (
        ("mac_array",),
        "reduction of a first axis as a chain of poolings of its elements as rows",
    ),
    "pooling_chain": (("mac_array",), "reduction as a chain of poolings, data already in the right layout"),
    "pooling_chain_relayout": (
        ("dma", "mac_array"),
        "the same after a change of layout of the whole tensor, channels padded to 16",
    ),
    "pooling_chain_of_all": (
        ("dma", "mac_array"),
        "mean of all elements as of an image of one channel, by windows of eight by eight",
    ),
    "pooling_chain_filled_up": (
        ("dma", "mac_array"),
        "the same of a length no factor divides: copied in DDR with a row more, maxima wherever a pooling needs one",
    ),
    "native_reduce": (("mac_array",), "the reduction over channels built into NPU 5010's MAC array"),
}
