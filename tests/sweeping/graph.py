"""Small graphs to sweep, and the numbers most tests vary."""

from tests.graphs import loaded, model, node, weights

#: One name of each engine, on a grid of 3 x 4 x 2 points.
VARY = {"mac_array.clock_mhz": "800:2000:3", "dma.bytes_per_cycle": "16:128:4:log", "tiles": [1, 2]}
#: The same as ranges for points.
RANGES = {"mac_array.clock_mhz": "800:2000", "dma.bytes_per_cycle": "16:128:log", "tiles": [1, 2]}


def small_model(width=64):
    nodes = [node("MatMul", "x w", "m"), node("Sigmoid", "m", "y")]
    return model(nodes, {"x": [64, 64]}, ["y"], {"w": weights(64, width)})


def small_graph():
    return loaded(small_model())
