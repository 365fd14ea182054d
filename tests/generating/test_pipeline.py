"""What the pipeline does to exports: new rows leave, the head runs for the last token; all else stays."""

import pytest

import npusim
from npusim.errors import BadArgument
from npusim.generating.pipeline import last_token_alone, new_rows_leave
from npusim.generating.roles import cache_inputs, logits
from tests.generating.models import LLAMA, conditions, config, passes
from tests.generating.test_between import same
from tests.shared import SHARED, needs_shared

SMALL = SHARED / "graphs" / "llm" / "small"
IR = SHARED / "graphs" / "ir" / "small"


def macs(graph):
    from npusim.generating.passes import run

    return run(graph, conditions(), 0, 1).macs


def test_built_graphs_are_so_already(tmp_path):
    model = passes(config(tmp_path, LLAMA))
    for tokens, past in ((1, 100), (64, 0), (64, 64)):
        graph = model.graph(tokens, past)
        assert same(new_rows_leave(graph), graph) and same(last_token_alone(graph), graph)


@needs_shared
def test_the_head_of_a_prompt_runs_once():
    """Sixteen tokens, hidden 64, 512 words: fifteen heads are left out, and one row of logits comes out. The compiler
    moves the cut up: of the last layer, fifteen rows of what follows attention go too."""
    dims = {"batch_size": 1, "sequence_length": 16, "past_sequence_length": 0}
    graph = npusim.load(
        SMALL / "llamatiny_dec_free_ts.onnx", {**dims, "past_sequence_length+sequence_length": 16}
    )
    turned = last_token_alone(graph)
    assert logits(graph).shape == (1, 16, 512) and logits(turned).shape == (1, 1, 512)
    assert macs(graph) - macs(turned) == pytest.approx(15 * (64 * 512 + 64 * 64 + 3 * 64 * 192))
    assert same(last_token_alone(turned), turned)
    assert turned.outputs == graph.outputs


@needs_shared
def test_the_rows_of_a_token_leave_and_not_the_cache():
    graph = npusim.load(SMALL / "llamatiny_dec_kv16_dy.onnx")
    turned = new_rows_leave(graph)
    left = [turned.values[name].shape for name in turned.outputs]
    assert left == [(1, 1, 512), *[(1, 2, 1, 16)] * 4]
    assert [v.shape for v in cache_inputs(turned)] == [(1, 2, 16, 16)] * 4


@needs_shared
@pytest.mark.parametrize(("name", "bits"), [("fp16", 16), ("int4", 4)])
def test_a_stateful_ir_answers_as_one_file(name, bits):
    """As optimum-intel writes it: two layers, hidden 64, a head tied to the embedding of 512 words, all in `bits`."""
    found = npusim.generate(IR / f"llamatiny_stateful_{name}.xml", prompt=64, tokens=16)
    assert not found.recurrent and found.asked.rows == 128
    assert found.step.must.cache == 127 * 2 * 2 * 2 * 16 * 2
    matrices = 2 * (2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 192)
    stored = (matrices + 512 * 64) * bits / 8
    assert stored < found.step.must.weights < 1.35 * stored  # scales of groups of 32, norms
    assert found.tokens_per_s <= found.bound.tokens_per_s


@needs_shared
def test_channels_that_an_export_leaves_free_follow_from_the_product_behind_attention():
    """onnxruntime-genai's builder names the innermost axis of its cache: four heads share 64, so sixteen each."""
    file = SMALL / "llamatiny_genai_int4.onnx"
    found, told = (
        npusim.generate(file, prompt=64, tokens=16, **more) for more in ({}, {"dims": {"kv_cache_dim": 16}})
    )
    assert found.step.must.cache == 127 * 2 * 2 * 2 * 16 * 2
    assert found.tokens_per_s == told.tokens_per_s


@needs_shared
def test_of_tables_of_cosines_a_token_reads_a_row():
    """Int4 matrices with fp32 scales a block of 32, as the file stores them, the head among them (tied:
    its rows that ids choose count too)."""
    file = SHARED / "graphs" / "llm" / "large" / "llama32_1b_genai_int4.onnx"
    found = npusim.generate(file, prompt=64, tokens=16)
    assert found.step.must.weights == pytest.approx(617_873_408 + 154_468_352, rel=1e-3)


@needs_shared
def test_files_in_the_wrong_order_are_said_to_be():
    prompt, token = SMALL / "llamatiny_pre_L16_dy.onnx", SMALL / "llamatiny_dec_kv16_dy.onnx"
    assert npusim.generate([prompt, token]).first_token_us > 0
    with pytest.raises(BadArgument, match="takes 16 tokens, and the second file is the pass of one token"):
        npusim.generate([token, prompt])
