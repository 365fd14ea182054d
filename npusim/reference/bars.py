"""The bars: what mean absolute percentage error each group has to stay under, on rows no constant saw.

They are goals, set before the fits: an analytic model near Intel's own nets, whose two generations of nets
for one device differ by 5 % (NPU 3720) to 34 % (NPU 4000) themselves.
"""

from __future__ import annotations

CONVOLUTION = {"3720": 10.5, "4000": 13.5, "5010": 7.0}
OTHERS = {"3720": 12.0, "4000": 15.0, "5010": 8.0}
GROUND_TRUTH = {"3720": 6.0, "4000": 6.0}
DSP = 5.0
LAYERS = 15.0
#: Mean and worst row of the published throughputs and latencies of Meteor Lake's 155H.
NETWORKS = 6.0
NETWORKS_WORST = 15.0


#: Measured transfers.
DMA_GROUND_TRUTH = 6.0


def dma_net(generation: str) -> float:
    """Transfers of up to 1 MiB, Intel's net, one port."""
    return 10.0 if generation == "4000" else 8.0
