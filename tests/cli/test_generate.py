"""`npusim generate`: its page, its files, exports as input, and how it refuses."""

import json

import pytest

import npusim as package
from tests.generating.models import LLAMA, MAMBA, config
from tests.shared import SHARED, needs_shared

SMALL = SHARED / "graphs" / "llm" / "small"
LARGE = SHARED / "graphs" / "llm" / "large"


@pytest.fixture
def llama(tmp_path):
    return config(tmp_path / "llama", LLAMA)


@pytest.fixture
def mamba(tmp_path):
    return config(tmp_path / "mamba", MAMBA)


def test_the_page_answers_in_eighty_columns(npusim, llama, mamba):
    code, out, err = npusim(
        "generate", llama, "--weights", "int4", "--group", "32", "--curve", "--against", mamba, "--measured", "900",
        "--draft", llama, "--verbose",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert out.startswith("llama, int4 on lunar_lake:\n")
    for word in (
        "bound",
        "cache",
        "memory",
        "launches",
        "context",
        "mamba",
        "draft",
        "measured",
        "first token",
    ):
        assert word in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_json_has_the_keys_and_the_numbers_of_python(npusim, llama):
    code, out, err = npusim("generate", llama, "--prompt", "100", "--tokens", "20", "--json", "-")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["schema"] == "npusim.generation" and document["hardware"] == "lunar_lake"
    assert len(document["model_sha256"]) == 1
    found = package.generate(llama, prompt=100, tokens=20)
    assert document["tokens_per_s"] == found.tokens_per_s <= document["bound"] == found.bound.tokens_per_s
    assert document["band"] == list(found.band)
    assert document["first_token_us"] == found.first_token_us
    assert document["weight_bytes"] == found.memory.weight_bytes > 0
    assert document["cache_bytes"] == found.memory.cache_bytes > 0
    assert document["fits"] is True
    assert sum(document["token_parts_us"].values()) == pytest.approx(document["token_us"])


def test_what_does_not_fit_the_machine_is_said(npusim, llama):
    code, out, _ = npusim("generate", llama, "--memory", "1MB", "--json", "-")
    assert code == 0 and json.loads(out)["fits"] is False
    assert "does not fit in the 1.00 MB" in " ".join(npusim("generate", llama, "--memory", "1MB").out.split())


def test_saved_graphs_give_the_same_answer(npusim, llama, tmp_path):
    folder = tmp_path / "graphs"
    assert npusim("generate", llama, "--weights", "int8", "--save", folder).code == 0
    built = package.generate(llama, weights="int8")
    read = package.generate([folder / "prompt.onnx", folder / "token.onnx"])
    assert read.tokens_per_s == pytest.approx(built.tokens_per_s)
    assert read.first_token_us == pytest.approx(built.first_token_us)
    assert read.bound.tokens_per_s == pytest.approx(built.bound.tokens_per_s)


def test_files_are_written_beside_the_page(npusim, llama, tmp_path):
    page, answer = tmp_path / "page.html", tmp_path / "answer.json"
    code, out, _ = npusim("generate", llama, "--html", page, "-o", answer)
    assert code == 0 and out
    assert "Tokens a second over the context" in page.read_text("utf-8")
    assert len(json.loads(answer.read_text("utf-8"))["curve"]) >= 64


def test_a_growing_cache_is_no_slower_at_the_start_of_a_long_answer(llama):
    growing = package.generate(llama, prompt=64, tokens=2000, growing=True)
    static = package.generate(llama, prompt=64, tokens=2000)
    assert growing.step.must.cache < static.step.must.cache
    assert growing.tokens_per_s <= growing.bound.tokens_per_s


def test_many_npus_at_once_say_what_each_says_alone(npusim, llama):
    pytest.importorskip("xarray")
    words = [
        "--vary",
        "ddr.bandwidth_gb_per_s=50,114",
        "--vary",
        "tiles=2,4",
        "--sensitivity",
        "--prompt",
        "1500",
    ]
    code, out, err = npusim("generate", llama, *words, "--json", "-")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert len(document["vary"]) == 4 and document["sensitivity"]["elasticities"]
    here = document["vary"][-1]
    assert here["values"] == {"ddr.bandwidth_gb_per_s": 114, "tiles": 4}
    assert here["tokens_per_s"] == pytest.approx(document["tokens_per_s"])
    assert here["first_token_us"] == pytest.approx(document["first_token_us"])
    slow = package.generate(
        llama, package.hardware("lunar_lake").replace({"ddr.bandwidth_gb_per_s": 50}), tiles=2
    )
    assert document["vary"][0]["tokens_per_s"] == pytest.approx(slow.tokens_per_s, rel=0.05)
    page = npusim("generate", llama, *words).out
    assert "% per %" in page and "first token" in page and all(len(line) <= 80 for line in page.splitlines())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{llama}", "--vary", "ddr.bandwith=1,2"], "ddr.bandwidth_gb_per_s"),
        (["{llama}", "--prompt", "0"], "--prompt 0"),
        (["{llama}", "--weights", "int3"], "choose from fp16, int8, int4, nf4, nf4-double"),
        (["{llama}", "--context", "64"], "1152 or more"),
        (["{llama}", "--group", "7"], "group 7"),
        (["{llama}", "--accept", "2", "--draft", "{llama}"], "--accept 2"),
        (["{llama}", "--measured", "-3"], "--measured"),
        (["{llama}/nothing.onnx"], "no such file"),
        (["{folder}"], "config.json"),
        (["a", "b", "c"], "3 files"),
        (["{llama}", "--save", "{llama}/config.json"], "is a file"),
        (["{llama}", "--json", "{llama}/config.json"], "input"),
        (["{llama}", "--plot", "curve.pdf"], ".html or .png"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_code_two(npusim, llama, tmp_path, words, said):
    (tmp_path / "folder").mkdir()
    code, out, err = npusim("generate", *(w.format(llama=llama, folder=tmp_path / "folder") for w in words))
    assert (code, out) == (2, "") and said in err and err.count("\n") == 1


@needs_shared
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{pre}", "{dec}", "--prompt", "32"], "prompt of 16"),
        (["{pre}", "{dec}", "--context", "64"], "17 rows"),
        (["{pre}", "{dec}", "--curve"], "many sizes"),
        (["{dec}"], "of one size"),
        (["{pre}", "{dec}", "--save", "graphs"], "there already"),
    ],
)
def test_exports_of_one_size_say_what_they_are_for(npusim, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    files = {"pre": SMALL / "llamatiny_pre_L16_dy.onnx", "dec": SMALL / "llamatiny_dec_kv16_dy.onnx"}
    code, out, err = npusim("generate", *(w.format(**files) for w in words))
    assert (code, out) == (2, "") and said in err and err.count("\n") == 1


@needs_shared
@pytest.mark.parametrize("name", ["llamatiny_dec_free_ts", "llamatiny_dec_free_dy"])
def test_one_export_with_free_sizes_is_both_passes(npusim, name):
    code, out, err = npusim(
        "generate", SMALL / f"{name}.onnx", "--prompt", "64", "--tokens", "16", "--json", "-"
    )
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["recurrent"] is False and document["asked"]["rows"] == 128
    assert (
        document["token"]["cache_bytes"] == 127 * 2 * 2 * 2 * 16 * 2
    )  # rows, layers, keys and values, heads, channels
    assert [(p["past"], p["tokens"]) for p in document["prompt_passes"]] == [(0, 64)]


@needs_shared
@pytest.mark.parametrize(("form", "read"), [("fp16_dy", 2_471_646_639), ("int4_dq4", 695_107_584)])
def test_llama_3_2_1b_reads_what_the_exports_hold(form, read):
    """Bytes of weights by the README of the exports, and 1,024 rows of 32,768 bytes."""
    files = [LARGE / f"llama32_1b_{name}.onnx" for name in ("pre_L1024_fp16_dy", f"dec_kv1024_{form}")]
    found = package.generate(files)
    assert found.step.must.weights == pytest.approx(read, rel=0.01)
    assert found.step.must.cache == 33_554_432
    assert found.tokens_per_s <= found.bound.tokens_per_s


@needs_shared
def test_a_recurrence_exported_as_two_files_keeps_its_state():
    """Mamba 130M: 24 layers of 1,536 channels with states of 16 and a window of 4, and all of it read in fp16."""
    files = [SHARED / "graphs" / "large" / f"mamba130m_tf5_{name}_ts.onnx" for name in ("L4", "dec")]
    found = package.generate(files)
    assert found.recurrent and found.asked.prompt == 4
    assert found.step.must.cache == 24 * 1536 * (16 + 4) * 2 == found.memory.cache_bytes
    assert found.step.must.weights == pytest.approx(129_135_360 * 2, rel=0.01)
