"""Small language models as files, and what asks about them."""

from __future__ import annotations

import json
from pathlib import Path

from npusim.generating.asked import Asked
from npusim.generating.exports import passes_of
from npusim.generating.graphs import Passes
from npusim.generating.passes import Conditions
from npusim.simulation import hardware_of, load_profile

LLAMA = {
    "model_type": "llama",
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": 2,
    "vocab_size": 1024,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": True,
    "max_position_embeddings": 4096,
    "rope_theta": 10000.0,
    "hidden_act": "silu",
}
MAMBA = {
    "model_type": "mamba",
    "hidden_size": 256,
    "intermediate_size": 512,
    "expand": 2,
    "state_size": 16,
    "conv_kernel": 4,
    "time_step_rank": 16,
    "num_hidden_layers": 2,
    "vocab_size": 1024,
    "layer_norm_epsilon": 1e-5,
    "hidden_act": "silu",
    "use_bias": False,
    "use_conv_bias": True,
    "tie_word_embeddings": True,
}


def config(folder: Path, keys: dict[str, object], **changes: object) -> str:
    """The folder of a config.json with these keys."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({**keys, **changes}), "utf-8")
    return str(folder)


def passes(folder: str, **asked: object) -> Passes:
    """The passes of a config."""
    return passes_of([folder], Asked(**asked).checked(), {})  # type: ignore[arg-type]


def conditions(hw: str = "lunar_lake", **numbers: float) -> Conditions:
    """An NPU, some of its numbers changed: `ddr__bandwidth_gb_per_s=50`."""
    machine = hardware_of(hw)
    changed = {name.replace("__", "."): value for name, value in numbers.items()}
    return Conditions(machine.replace(changed) if changed else machine, load_profile("2026-measured"))
