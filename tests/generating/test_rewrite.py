"""A rewrite is applied to every pass before it is planned."""

import onnx_ir as ir
import pytest

import npusim
import xamba
from npusim.errors import BadArgument
from tests.generating.models import LLAMA, config


def test_a_rewrite_of_nothing_changes_nothing_and_sees_every_pass(tmp_path):
    seen = []

    def rewrite(model):
        seen.append(model.graph.input[0].type.tensor_type.shape.dim[1].dim_value)
        return model

    folder = config(tmp_path, LLAMA)
    plain, same = (npusim.generate(folder, prompt=128, rewrite=how) for how in (None, rewrite))
    assert (same.tokens_per_s, same.first_token_us) == (plain.tokens_per_s, plain.first_token_us)
    assert sorted(set(seen)) == [1, 128]


def test_a_pass_of_xamba_is_priced_in_tokens(tmp_path):
    """Mamba-2's chunks hold running sums; as products they are faster to the first token with the old compiler."""
    keys = {
        "model_type": "mamba2", "hidden_size": 256, "expand": 2, "state_size": 64, "conv_kernel": 4, "num_heads": 8,
        "head_dim": 64, "n_groups": 1, "chunk_size": 64, "num_hidden_layers": 1, "vocab_size": 512,
        "layer_norm_epsilon": 1e-5, "hidden_act": "silu", "use_bias": False, "use_conv_bias": True,
        "tie_word_embeddings": True,
    }  # fmt: skip

    def cumba(model):
        found = ir.from_proto(model)
        xamba.CumBA()(found)
        return ir.to_proto(found)

    folder = config(tmp_path, keys)
    before, after = (
        npusim.generate(folder, prompt=256, compiler="2024.12", rewrite=how) for how in (None, cumba)
    )
    assert after.first_token_us < before.first_token_us
    assert after.tokens_per_s == pytest.approx(before.tokens_per_s, rel=0.01)


def test_files_are_not_rewritten(tmp_path):
    folder = config(tmp_path, LLAMA)
    with pytest.raises(BadArgument, match=r"rewrite the files first"):
        npusim.generate([f"{folder}/a.onnx", f"{folder}/b.onnx"], rewrite=lambda model: model)
