"""A spiking array: neurons add the weights of inputs that fired, time step by time step. Made up for the example."""

name = "spiking array"
clock_mhz = 500.0
parameters = {"timesteps": 4, "firing_rate": 0.15, "synapses_per_cycle": 4096, "neurons_per_cycle": 1024}
keeps_weights = True
needs = "an array of integrate-and-fire neurons that holds its weights, and inputs coded as spikes"
source = "assumed: an example, no chip"


def takes(node, counts):
    """Layers with weights, and the ReLU behind them: a threshold is one."""
    return counts["weights"] > 0 or node.op_type == "Relu"


def cycles(counts, parameters):
    """Every time step: an addition for each input that fired and each neuron behind it, then all thresholds."""
    if not counts["weights"]:
        return 0.0
    fired = counts["macs"] * parameters["firing_rate"]
    neurons = counts["rows"] * counts["outputs"]
    step = fired / parameters["synapses_per_cycle"] + neurons / parameters["neurons_per_cycle"]
    return parameters["timesteps"] * step
