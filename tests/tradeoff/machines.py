"""NPUs and models the tests of this folder ask."""

from pathlib import Path

from hypothesis import strategies as st

from npusim.arch.presets import load_hardware

MODEL = Path(__file__).resolve().parents[2] / "examples" / "mamba2_small.onnx"

#: Numbers that are drawn around those of a preset.
VARIED = (
    "mac_array.clock_mhz",
    "mac_array.macs_per_cycle",
    "dsp.clock_mhz",
    "dsp.vector_bits",
    "dma.bytes_per_cycle",
    "dma.latency_ns",
    "ddr.bandwidth_gb_per_s",
)


@st.composite
def machines(draw):
    """A preset with some numbers moved by up to a factor of four, and a least step time."""
    hw = load_hardware(draw(st.sampled_from(["meteor_lake", "lunar_lake", "panther_lake"])))
    names = draw(st.lists(st.sampled_from(VARIED), unique=True))
    changes = {name: float(hw.get(name)) * draw(st.sampled_from([0.25, 0.7, 1.3, 4.0])) for name in names}
    return hw.replace(changes | {"step.minimum_ns": draw(st.sampled_from([0.0, 900.0]))})
