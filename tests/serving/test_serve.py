"""`npusim serve` on a small model: the door, the page, the document, the refusals."""

import json

import numpy as np
import pytest

import npusim as package
from npusim.errors import BadArgument
from npusim.serving.requests import Request
from tests.cli.conftest import npusim  # noqa: F401
from tests.shared import SHARED, needs_shared

TINY = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 192,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "vocab_size": 512,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "hidden_act": "silu",
    "max_position_embeddings": 4096,
    "tie_word_embeddings": True,
}


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("tiny") / "config.json"
    path.write_text(json.dumps(TINY))
    return path


@pytest.fixture(scope="module")
def found(config):
    return package.serve(config, [200, 30, Request(64, 3, 100.0)], sizes=(64, 128), tokens=5)


def test_all_that_was_asked_is_answered(found):
    for served in (found.sized, found.padded):
        assert served.answered == 5 + 5 + 3 and served.asked == 294
        assert served.worked == sum(served.covers[r.prompt].padded for r in found.requests)
        assert served.prompt_us <= served.busy_us <= served.span_us * (1 + 1e-9)
        low, high = served.band_us
        assert low < served.busy_us < high
        arrivals = np.array([r.arrival_us for r in found.requests])
        assert (served.times.begin_us >= arrivals).all()


def test_padding_is_the_one_graph_of_the_longest_prompt_rounded_up(found, config):
    assert found.padded.sizes == (256,) and set(found.padded.covers.values())
    assert all(cover.parts == (256,) for cover in found.padded.covers.values())
    again = package.serve(config, found.requests, sizes=(256,))
    assert again.sized.span_us == pytest.approx(again.padded.span_us)
    assert again.times_faster == pytest.approx(1.0)


@pytest.mark.parametrize("growing", [False, True])
def test_one_more_graph_never_costs_time(config, growing):
    mix = [200, 30, 64, 129]
    one, two, three = (
        package.serve(config, mix, sizes=sizes, tokens=2, growing=growing).sized.prompt_us
        for sizes in [(64,), (64, 192), (64, 128, 192)]
    )
    assert three <= two * (1 + 1e-9) and two <= one * (1 + 1e-9)


def test_the_page_the_html_and_the_document(npusim, config, tmp_path):  # noqa: F811
    mix, html = tmp_path / "mix.csv", tmp_path / "page.html"
    mix.write_text("prompt,tokens,arrival_ms\n200,5,0\n30,5,0\n64,3,0.1\n")
    words = ("serve", config, "--requests", mix, "--sizes", "64,128", "--order", "prompts-first")
    code, out, err = npusim(*words, "--html", html)
    assert (code, err) == (0, "") and "padding to 256" in " ".join(out.split())
    assert all(len(line) <= 80 for line in out.splitlines())
    assert "Prompt graphs" in html.read_text("utf-8")
    assert "own arrival" in html.read_text("utf-8")  # what ends 'after 1.16 s' may have come at 3 s
    document = json.loads(npusim(*words, "--json", "-").out)
    assert (
        document["schema"] == "npusim.serving" and document["model_sha256"] and len(document["requests"]) == 3
    )
    assert all(
        sum(r["parts"]) >= r["prompt"] and r["begin_us"] >= r["arrival_us"] for r in document["requests"]
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--sizes", "64,x"), "whole numbers"),
        (("--sizes", "0"), "from 1 on"),
        (("--order", "random"), "choose from one-by-one, prompts-first"),
        (("--weights", "int3"), "int3"),
        (("--tokens", "0"), "tokens"),
    ],
)
def test_what_cannot_be_is_one_sentence(npusim, config, tmp_path, options, said):  # noqa: F811
    mix, out = tmp_path / "mix.csv", tmp_path / "out.json"
    mix.write_text("200\n")
    code, shown, err = npusim("serve", config, "--requests", mix, *options, "--json", out)
    assert code == 2 and shown == "" and said in err and err.count("\n") == 1 and not out.exists()


@needs_shared
def test_an_export_with_free_sizes_is_served_and_one_of_fixed_sizes_is_not():
    folder = SHARED / "graphs" / "llm" / "small"
    found = package.serve(folder / "llamatiny_dec_free_ts.onnx", [100, 200], sizes=(64,), tokens=3)
    assert found.sized.worked == 128 + 256 and found.padded.sizes == (256,)
    fixed = [folder / "llamatiny_pre_L16_dy.onnx", folder / "llamatiny_dec_kv16_dy.onnx"]
    with pytest.raises(BadArgument, match="is of one size"):
        package.serve(fixed, [100])


def test_a_file_of_one_size_cannot_be_served(tmp_path):
    with pytest.raises(BadArgument, match=r"config\.json"):
        package.serve("examples/mamba2_small.onnx", [64])
