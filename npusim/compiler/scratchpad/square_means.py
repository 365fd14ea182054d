"""Means over planes that are far from square, as behind the spectrograms of speaker networks (64 x 300 frames).

Intel's compiler 8.4 sees such a plane as a square one of as many pixels before it pools it (64 x 304 as 152 x 128,
40 x 160 as 80 x 80, 24 x 64 as 48 x 32), so that its windows come out even. What the tiles hold of rows are no rows of
that one: where a convolution made the plane over rows, it is written beside what stays inside for others, and the mean
reads it from DDR.

17 of 19 planes made for it (ReduceMean and GlobalAveragePool; 32 and 64 channels; three NPUs), and the squeezes of a
ResNet-34: sides of 2.5 to 9.5 to one cross, of 1.05 and 2.0 do not; of 40 x 200, and of 40 x 100 with 64 channels, on
NPU 3720 the halves meet, and stay. Planes of fewer rows, which the tiles share over channels, stay
(`square_means_cross`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from npusim.compiler.lowering.place import Placed
from npusim.compiler.sharing.distribution import CONVOLUTIONS
from npusim.graph import Value
from npusim.ops.pooling import MOST_OBLONG

MEANS = ("ReduceMean", "GlobalAveragePool")
CROSSES = "a plane that is pooled as a square one"


def square_means(
    steps: Sequence[Placed], values: Mapping[str, Value], tiles: int, rows: int | None
) -> frozenset[str]:
    """Results of such means. `rows`: planes of up to so many lie over channels; None where none crosses."""
    if rows is None or tiles == 1:
        return frozenset()
    found = []
    for name, image, mean in means_of_convolutions(steps, values):
        if len(image.shape) != 4:
            continue
        batch, channels, high, wide = image.shape
        whole = mean.elements == batch * channels
        if whole and high > rows and max(high, wide) > MOST_OBLONG * min(high, wide):
            found.append(name)
    return frozenset(found)


def means_of_convolutions(
    steps: Sequence[Placed], values: Mapping[str, Value]
) -> Iterator[tuple[str, Value, Value]]:
    """Names of means that the array takes of convolutions' results, what they read, and what they are."""
    made = {n for s in steps if s.node.op_type in CONVOLUTIONS and s.engine == "mac_array" for n in s.writes}
    for step in steps:
        if step.node.op_type not in MEANS or step.engine != "mac_array" or not step.reads or not step.writes:
            continue
        read, mean = values.get(step.reads[0]), values.get(step.writes[0])
        if read is not None and mean is not None and step.reads[0] in made:
            yield step.writes[0], read, mean
