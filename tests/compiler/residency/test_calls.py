"""A convolutional network over a batch goes image by image where Intel's compiler calls a function for each."""

import pytest

from npusim.arch.presets import load_hardware
from npusim.compiler.compile import compile_graph
from npusim.compiler.plan import Plan
from npusim.compiler.rules.profile import load_profile
from npusim.graph import Graph
from npusim.measures import ddr_bytes
from npusim.onnx_io import of_model
from tests.vendor.builder import Builder
from tests.vendor.nets.layers import conv_relu
from tests.vendor.nets.vision import resnet


def _resnet(batch: int) -> Graph:
    g = Builder(weights=False)
    return of_model(g.model(resnet(g, 64, 1, batch)), "")


def _plan(graph: Graph, hw: str = "lunar_lake", profile: str = "2026-as-released") -> Plan:
    return compile_graph(graph, load_hardware(hw), load_profile(profile))


def _bytes(plan: Plan) -> float:
    return sum(map(ddr_bytes, plan.ask, plan.repeats))


@pytest.mark.parametrize("batch", [2, 5])
def test_a_batch_is_calls_of_one_image(batch: int) -> None:
    """Every image moves what one alone does, weights again, and its input and output are copied once."""
    one, all_of_them = _plan(_resnet(1)), _plan(_resnet(batch))
    copied = 2 * batch * (3 * 64 * 64 + 1000)
    assert _bytes(all_of_them) == pytest.approx(batch * _bytes(one) + copied)
    assert sum(s.macs for s in all_of_them.steps) == batch * sum(s.macs for s in one.steps)
    assert all_of_them.graph.values["x0"].shape[0] == batch


def _spectrograms(batch: int, window: bool = True) -> Graph:
    """Frames of a spectrogram that become an image of one channel, or stay a line; two convolutions."""
    g = Builder(weights=False)
    x = g.op("Transpose", g.input(batch, 100, 40), perm=[0, 2, 1])
    if window:
        y = g.op("Conv", g.op("Unsqueeze", x, g.const([1])), g.weight(32, 1, 3, 3), pads=[1] * 4)
        y = g.op("Conv", g.op("Relu", y), g.weight(32, 32, 3, 3), pads=[1] * 4)
    else:
        y = g.op(
            "Conv", g.op("Conv", x, g.weight(32, 40, 3), pads=[1] * 2), g.weight(32, 32, 3), pads=[1] * 2
        )
    return of_model(g.model(g.op("Relu", y)), "")


@pytest.mark.parametrize("profile", ["2026", "2026-as-released"])
@pytest.mark.parametrize("hw", ["lunar_lake", "panther_lake"])
def test_spectrograms_made_images_are_called_as_images(hw: str, profile: str) -> None:
    """Whatever the axes of the graph's input are, no convolution adds a bias; what stays a line then is not."""
    one, four = (_plan(_spectrograms(batch), hw, profile) for batch in (1, 4))
    copied = 2 * 4 * (100 * 40 + 32 * 40 * 100)
    assert _bytes(four) == pytest.approx(4 * _bytes(one) + copied)
    assert set(_plan(_spectrograms(4, window=False), hw, profile).repeats) == {1}


def test_elsewhere_a_batch_is_more_rows() -> None:
    """On NPU 3720, and in an earlier release, weights cross once."""
    for plan in (_plan(_resnet(4), "meteor_lake"), _plan(_resnet(4), "lunar_lake", "2024.12")):
        weights = {
            n.split("/")[0]: r for n, r in zip(plan.label, plan.repeats, strict=True) if "weights" in n
        }
        assert set(weights.values()) == {1}


def test_images_that_meet_are_no_calls() -> None:
    """Where a batch is reshaped into another axis; and a convolution alone has its own way."""
    for shape in ((1, 4, -1), None):
        g = Builder(weights=False)
        x = g.op("Conv", g.input(4, 16, 32, 32), g.weight(16, 16, 3, 3), pads=[1] * 4)
        if shape is not None:
            x = g.op("Reshape", conv_relu(g, x, 16, 16), g.const(list(shape)))
        assert set(_plan(of_model(g.model(x), "")).repeats) == {1}


@pytest.mark.parametrize("batch", [4, 10, 11])
def test_up_to_ten_images_are_called(batch: int) -> None:
    """Whatever keeps them apart stands behind: VGGish turns its images and lays them flat."""
    g = Builder(weights=False)
    x = conv_relu(g, conv_relu(g, g.input(batch, 16, 28, 28), 16, 16), 16, 16)
    x = g.op("PRelu", g.op("Transpose", x, perm=[0, 2, 3, 1]), g.weight(16))
    x = g.op("Gemm", g.op("Flatten", x, axis=1), g.weight(64, 28 * 28 * 16), transB=1)
    plan = _plan(of_model(g.model(g.op("Softmax", x, axis=1)), ""))
    assert (max(plan.repeats) == batch) == (batch <= 10)


@pytest.mark.parametrize(("shape", "called"), [((0, -1), True), ((-1, 12544), True), ((4, -1), False)])
def test_a_reshape_that_names_the_batch_holds_of_no_other(shape: tuple[int, ...], called: bool) -> None:
    """Intel's compiler tries the shapes of one image."""
    g = Builder(weights=False)
    x = conv_relu(g, conv_relu(g, g.input(4, 16, 28, 28), 16, 16), 16, 16)
    x = g.op("Reshape", x, g.const(list(shape)))
    plan = _plan(of_model(g.model(g.op("Gemm", x, g.weight(64, 12544), transB=1)), ""))
    assert (max(plan.repeats) == 4) == called


def test_what_one_op_is_alone() -> None:
    """A product and its bias is one kernel, a convolution and a normalisation are several ops; poolings alone tell no
    batch."""

    def called(make) -> bool:  # type: ignore[no-untyped-def]
        g = Builder(weights=False)
        return max(_plan(of_model(g.model(make(g)), "")).repeats) == 4

    assert not called(
        lambda g: g.op("Add", g.op("MatMul", g.input(4, 64, 128), g.weight(128, 64)), g.weight(64))
    )
    assert called(lambda g: g.op("LayerNormalization", g.input(4, 64, 128), g.weight(128), g.weight(128)))
    assert called(lambda g: conv_relu(g, g.input(4, 16, 28, 28), 16, 16))
    assert not called(
        lambda g: g.op("MaxPool", g.op("Relu", g.input(4, 16, 28, 28)), kernel_shape=[2, 2], strides=[2, 2])
    )


@pytest.mark.parametrize("shape", [(16, 28, 28), (16, 256)])
def test_convolutions_without_a_bias_alone_are_no_calls(shape: tuple[int, ...]) -> None:
    """Images and lines: with one bias among them, or in front of a product, they are (Intel's schedules of 14)."""

    def called(bias: bool, product: bool) -> bool:
        g = Builder(weights=False)
        taps = len(shape) - 1
        x = g.input(4, *shape)
        for own in ((), (g.weight(16),) if bias else ()):
            w = g.weight(16, 16, *[3] * taps)
            x = g.op("Relu", g.op("Conv", x, w, *own, pads=[1, 1] * taps))
        if product:
            x = g.op("MatMul", g.op("Flatten", g.op("GlobalAveragePool", x)), g.weight(16, 8))
        return max(_plan(of_model(g.model(x), "")).repeats) == 4

    assert not called(bias=False, product=False)
    assert called(bias=True, product=False)
    assert called(bias=False, product=True)


@pytest.mark.parametrize(
    ("kind", "inputs", "attributes", "called"),
    [
        ("LpNormalization", (), {"axis": 1, "p": 2}, True),
        ("Gather", ([3, 2, 1, 0],), {"axis": 1}, True),
        ("Gather", ([3, 2, 1, 0],), {"axis": 0}, False),
        ("ArgMax", (), {"axis": 1}, True),
        ("Tile", ([1, 2, 1, 1],), {}, True),
        ("Tile", ([2, 1, 1, 1],), {}, False),
        ("MeanVarianceNormalization", (), {"axes": [2, 3]}, True),
        ("MeanVarianceNormalization", (), {"axes": [0, 2, 3]}, False),
    ],
)
def test_ops_along_other_axes_keep_images_apart(
    kind: str, inputs: tuple, attributes: dict, called: bool
) -> None:  # type: ignore[type-arg]
    g = Builder(weights=False)
    x = conv_relu(g, conv_relu(g, g.input(4, 16, 28, 28), 16, 16), 16, 16)
    plan = _plan(of_model(g.model(g.op(kind, x, *map(g.const, inputs), **attributes)), ""))
    assert (max(plan.repeats) == 4) == called


def test_a_constant_may_be_the_first_operand() -> None:
    """1 - x, as in Intel's schedules of four such graphs."""
    g = Builder(weights=False)
    x = conv_relu(g, g.input(4, 16, 28, 28), 16, 16)
    x = conv_relu(g, g.op("Sub", g.const(1.0), x), 16, 16)
    assert max(_plan(of_model(g.model(x), "")).repeats) == 4
