"""`npusim pareto` and `npusim run --sensitivity` on the command line."""

import csv
import io
import json

import pytest

from tests.cli.conftest import model, npusim  # noqa: F401
from tests.cli.test_bad_input import refused
from tests.tradeoff.machines import MODEL

pytest.importorskip("xarray")  # the extra npusim-xamba[sweep]

VARY = ("--vary", "tiles=1,2", "--vary", "dsp.clock_mhz=500:2000:5:log")
COST = ("--cost", "tiles*dsp.clock_mhz")


def test_pareto_shows_the_front_within_80_columns(npusim):  # noqa: F811
    code, out, err = npusim("pareto", MODEL, *VARY, *COST)
    assert (code, err) == (0, "")
    assert "10\n" in out and "points that no other beats on both" in out and "tiles*dsp.clock_mhz" in out
    assert max(map(len, out.splitlines())) <= 80
    rows = [line.split() for line in out.splitlines()[5:] if line]
    costs, latencies = ([float(row[k]) for row in rows[1:]] for k in (0, 1))
    assert costs == sorted(costs) and latencies == sorted(latencies, reverse=True)


def test_pareto_writes_the_front_or_all_points(npusim, tmp_path):  # noqa: F811
    table, document, plot = (tmp_path / name for name in ("f.csv", "f.json", "f.html"))
    assert npusim("pareto", MODEL, *VARY, *COST, "-o", table, "--plot", plot).code == 0
    rows = list(csv.DictReader(table.open()))
    assert npusim("pareto", MODEL, *VARY, *COST, "-o", document, "--all").code == 0
    found = json.loads(document.read_text())
    assert found["points"] == len(found["all"]) == 10
    front = [row for row in found["all"] if row["on_front"]]
    assert [float(row["latency_us"]) for row in rows] == [row["latency_us"] for row in front]
    assert len(front) == found["points_on_front"] and found["units"]["dsp.clock_mhz"] == "MHz"
    assert plot.read_text().startswith("<!doctype html>")
    out = npusim("pareto", MODEL, *VARY, *COST, "-o", "-").out
    assert list(csv.DictReader(io.StringIO(out))) == rows


def test_pareto_takes_random_points(npusim):  # noqa: F811
    vary = ("--vary", "dsp.clock_mhz=500:2000", "--points", "16")
    out = npusim("pareto", MODEL, *vary, "--cost", "dsp.clock_mhz", "--all", "-o", "-").out
    assert len(out.splitlines()) == 17
    assert out == npusim("pareto", MODEL, *vary, "--cost", "dsp.clock_mhz", "--all", "-o", "-").out


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ((*VARY, "--cost", "tile*2"), "BadArgument", "nearest: tiles"),
        ((*VARY, "--cost", "dma.ports"), "BadArgument", "same everywhere"),
        ((*VARY, "--cost", "1/(tiles-1)"), "BadArgument", "inf at tiles=1"),
        ((*VARY, "--cost", "tiles\n*("), "BadArgument", "never closed"),
        ((*VARY, "--cost", ""), "BadArgument", "empty"),
        (("--vary", "tiles", *COST), "BadArgument", "NAME=VALUES"),
        (("--vary", "tilez=1", *COST), "BadHardware", "nearest: tiles"),
        (("--vary", "tiles=2:1:2", *COST), "BadArgument", "backwards"),
        (("--vary", "tiles=1,99", *COST), "BadHardware", "99"),
        (("--vary", "tiles=nan", *COST), "BadHardware", "tiles"),
        ((*VARY, *COST, "--points", "0"), "BadArgument", "from 1 on"),
        ((*VARY, *COST, "--method", "guess", "--points", "3"), "BadArgument", "sobol"),
        ((*VARY, *COST, "--precision", "fp8"), "BadArgument", "fp16"),
        ((*VARY, *COST, "--plot", "x.pdf"), "BadOutput", ".html or .png"),
        ((*VARY, *COST, "--plot", "-"), "BadOutput", "no text"),
        ((*VARY, *COST, "-o", "x.nc"), "BadOutput", ".csv, .json"),
        ((*VARY, *COST, "-o", "a.csv", "--plot", "no/x.html"), "BadOutput", "no folder"),
        ((*VARY, *COST, "--memory", "100B", "-o", "a.csv"), "BadArgument", "memory"),
    ],
)
def test_pareto_refuses_in_one_line(npusim, tmp_path, monkeypatch, options, kind, said):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    assert said in refused(npusim, tmp_path, kind, "pareto", MODEL, *options)


def test_a_model_that_is_none_is_refused(npusim, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    refused(
        npusim, tmp_path, "BadModel", "pareto", "no.onnx", *VARY, *COST, "-o", "a.csv", "--plot", "b.html"
    )


def test_run_shows_the_ten_numbers_that_decide(npusim):  # noqa: F811
    from npusim import hardware, load
    from npusim.tradeoff.sensitivity import sensitivity

    plain, shown = npusim("run", MODEL).out, npusim("run", MODEL, "--sensitivity").out
    assert shown.startswith(plain)
    block = shown[len(plain) :].splitlines()
    assert max(map(len, block)) <= 80
    names = [row.name for row in sensitivity(load(MODEL), hardware("lunar_lake")).elasticities[:10]]
    first = next(k for k, line in enumerate(block) if line.startswith("% per %")) + 1
    shown_names = [
        line.split()[1].split("\u2026") for line in block[first : first + 10]
    ]  # long ones lose their middle
    assert all(n.startswith(s[0]) and n.endswith(s[-1]) for n, s in zip(names, shown_names, strict=True))


def test_run_plots_a_tornado(npusim, tmp_path):  # noqa: F811
    path = tmp_path / "t.html"
    code, out, _ = npusim("run", MODEL, "--tornado", path, "--json", "-")
    assert code == 0 and json.loads(out)["graph"] == MODEL.name
    assert MODEL.name in path.read_text()


@pytest.mark.parametrize(
    ("path", "said"), [("x.pdf", ".html or .png"), ("-", "no text"), ("no/x.png", "no folder")]
)
def test_run_refuses_a_tornado_it_cannot_write(npusim, tmp_path, monkeypatch, path, said):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    assert said in refused(npusim, tmp_path, "BadOutput", "run", MODEL, "--tornado", path, "--json", "r.json")
