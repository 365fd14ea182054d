"""Exported graphs beside built ones: configs, weights by their place, and runs with onnxruntime."""

from collections.abc import Iterator
from itertools import chain

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

from tests.shared import SHARED

LLM = SHARED / "graphs" / "llm"
LLAMA_TINY = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "intermediate_size": 192,
    "vocab_size": 512,
    "tie_word_embeddings": True,
    "rms_norm_eps": 1e-5,
    "rope_theta": 500000.0,
    "rope_scaling": {
        "rope_type": "llama3",
        "factor": 32.0,
        "high_freq_factor": 4.0,
        "low_freq_factor": 1.0,
        "original_max_position_embeddings": 8192,
    },
    "hidden_act": "silu",
}


def products(path) -> Iterator[np.ndarray]:
    """Constant right sides of the products of a file, in order."""
    graph = onnx.load(path).graph
    held = {i.name: i for i in graph.initializer}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in held:
            yield numpy_helper.to_array(held[node.input[1]])


def llama_weights(path, layers=2) -> dict[str, np.ndarray]:
    """The weights of an exported Llama by their names in Hugging Face's files, matrices [inputs, outputs]."""
    found = {
        i.name.removeprefix("m."): numpy_helper.to_array(i)
        for i in onnx.load(path).graph.initializer
        if i.name.endswith("weight")
    }
    found["model.embed_tokens.weight"] = found.pop("lm_head.weight")
    attention, feed_forward = "q_proj k_proj v_proj o_proj", "gate_proj up_proj down_proj"
    names = [f"self_attn.{n}" for n in attention.split()] + [f"mlp.{n}" for n in feed_forward.split()]
    places = chain.from_iterable([(i, name) for name in names] for i in range(layers))
    for (layer, name), data in zip(places, products(path), strict=False):
        found[f"model.layers.{layer}.{name}.weight"] = data
    return found


def past_name(present: str) -> str:
    """The input that takes what comes out under this name."""
    return present.replace("present", "past_key_values" if "." in present else "past")


def values_of(found: dict[str, np.ndarray]):
    """These weights, as `build` asks for them."""

    def values(name, shape):
        assert found[name].shape == shape, (name, found[name].shape, shape)
        return found[name]

    return values


def run(model, inputs: dict[str, np.ndarray], as_written: bool = False) -> dict[str, np.ndarray]:
    """Outputs by name; inputs the model does not have are left out. `as_written`: nothing is fused (onnxruntime makes
    products with 4-bit weights in fewer bits)."""
    options = ort.SessionOptions()
    options.log_severity_level = 3  # no word on constants of fp16 that it does not fold
    if as_written:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    known = {i.name for i in session.get_inputs()}
    names = [o.name for o in session.get_outputs()]
    given = {name: data for name, data in inputs.items() if name in known}
    return dict(zip(names, session.run(None, given), strict=True))
