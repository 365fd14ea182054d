"""Hardware numbers to vary, any of them, with values their schema allows."""

from hypothesis import strategies as st

from npusim.arch.hardware import STRUCTURAL
from npusim.arch.presets import list_hardware, load_hardware
from npusim.errors import BadHardware

HARDWARE = {name: load_hardware(name) for name in list_hardware()}
FACTORS = (0.5, 0.9, 1.0, 1.3, 2.0, 7.0)
CHOICES = {
    "tiles": [1, 2, 3],
    "scratchpad.capacity_bytes": [60_000, 1_000_000, 2_000_000],
    "dma.ports": [1, 2],
    "dsp.per_tile": [1, 2, 4],
    "mac_array.lookup_unit": [False, True],
    "generation": ["3720", "4000", "5010"],
    "compiler": ["2024.12", "2026"],
    "precision": ["fp16", "int8"],
}


def pricing_names(hw):
    """Every number that only prices a plan."""
    return [n for n in hw.numbers() if n not in STRUCTURAL and n != "tiles_max"]


@st.composite
def values_of(draw, hw, name, most=3):
    """Some different allowed values of a name."""
    if name in CHOICES:
        allowed = [v for v in CHOICES[name] if name != "tiles" or v <= hw.tiles_max]
        return draw(st.lists(st.sampled_from(allowed), min_size=1, max_size=most, unique=True))
    base, found = hw.get(name), []
    for factor in draw(st.lists(st.sampled_from(FACTORS), min_size=1, max_size=most, unique=True)):
        value = type(base)(base * factor) if base else factor - 0.5
        try:
            hw.replace({name: value})
        except BadHardware:
            value = base
        if value not in found:
            found.append(value)
    return found


@st.composite
def questions(draw, structural=True):
    """(hardware, vary): a few names with a few values each."""
    hw = HARDWARE[draw(st.sampled_from(sorted(HARDWARE)))]
    names = draw(st.lists(st.sampled_from(pricing_names(hw)), min_size=1, max_size=4, unique=True))
    if structural:
        names += draw(st.lists(st.sampled_from(sorted(CHOICES)), max_size=2, unique=True))
        names = draw(st.permutations(names))
    return hw, {name: draw(values_of(hw, name)) for name in names}
