"""`npusim sweep`: formats, going on after a stop, and one clear line for every wrong wish."""

import os
import resource
import shutil
import sys

import numpy as np
import onnx
import pytest

import npusim as package
from npusim.arch.clock import at_clock
from npusim.onnx_io import load
from npusim.sweeping import files
from npusim.sweeping.question import Question
from npusim.sweeping.store import Store
from tests.sweeping.graph import RANGES, VARY

xr = pytest.importorskip("xarray")
pytest.importorskip("zarr")


def words(vary):
    return [w for name, values in vary.items() for w in ("--vary", f"{name}={_text(values)}")]


def _text(values):
    return values if isinstance(values, str) else ",".join(map(str, values))


GRID = words(VARY)
POINTS = [*words(RANGES), "--points", "300"]


def in_memory(path, **more):
    return package.sweep(load(path), package.hardware("lunar_lake"), VARY, **more)


def same(found, expected):
    """Equal values; text may be of another type of NumPy's."""
    assert set(found.variables) == set(expected.variables)
    for name in expected.variables:
        assert found[name].dims == expected[name].dims, name
        assert found[name].values.tolist() == expected[name].values.tolist(), name
        assert found[name].attrs.get("units") == expected[name].attrs.get("units"), name


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_a_dataset_on_disk_is_the_one_in_memory(npusim, model_file, tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    code, said, err = npusim("sweep", model_file, *GRID, "-o", out)
    assert (code, err) == (0, "") and "24 points" in said
    same(files.read_dataset(str(out)), in_memory(model_file))
    assert sorted(os.listdir(tmp_path)) == sorted([out.name, model_file.name])


@pytest.mark.filterwarnings("error")
def test_a_zarr_and_a_netcdf_open_plainly_without_a_warning(npusim, model_file, tmp_path):
    for out in (tmp_path / "out.zarr", tmp_path / "out.nc"):
        assert npusim("sweep", model_file, *POINTS, "-o", out)[0] == 0
        found = xr.open_zarr(out) if out.suffix == ".zarr" else xr.open_dataset(out, engine="h5netcdf")
        assert found["bound_by"].dtype == np.int8 and found["tiles"].dtype == np.int64
        assert set(found.coords) == {*RANGES, "engine"}
        found.close()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_has_a_row_a_point_and_a_column_a_number(npusim, model_file, tmp_path, suffix):
    pandas = pytest.importorskip("pandas")
    out = tmp_path / f"out{suffix}"
    assert npusim("sweep", model_file, *GRID, "-o", out)[0] == 0
    table = pandas.read_csv(out) if suffix == ".csv" else pandas.read_parquet(out)
    assert list(table.columns[:3]) == list(VARY)
    assert {"latency_us", "busy_dma_us", "busy_mac_array_us", "bound_by"} <= set(table.columns)
    assert table["latency_us"].tolist() == in_memory(model_file)["latency_us"].values.ravel().tolist()
    assert set(table["bound_by"]) <= {"mac_array", "dsp", "dma"}


def test_several_models_stand_side_by_side_with_their_speed_up(
    npusim, model_file, wider_model_file, tmp_path
):
    out = tmp_path / "out.zarr"
    assert npusim("sweep", model_file, wider_model_file, *POINTS, "-o", out)[0] == 0
    found = files.read_dataset(str(out))
    assert found["latency_us"].dims == ("model", "point")
    assert found["model"].values.tolist() == ["small.onnx", "wider.onnx"]
    ratio = found["latency_us"].values[0] / found["latency_us"].values
    assert found["speedup"].values.tolist() == ratio.tolist()


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr("npusim.commands.sweep_job._LEAST_BLOCK", 40)
    monkeypatch.setattr("npusim.commands.sweep_job._BLOCKS", 8)


@pytest.fixture
def stop_after(monkeypatch):
    """Makes the run stop with an error when that many blocks are done; counts the blocks computed."""
    computed, compute = [], Store.compute

    def arrange(blocks, error):
        def stopping(store, index, *rest):
            if blocks is not None and len(computed) == blocks:
                raise error
            computed.append(index)
            return compute(store, index, *rest)

        monkeypatch.setattr(Store, "compute", stopping)
        return computed

    return arrange


@pytest.mark.parametrize("suffix", [".zarr", ".nc"])
@pytest.mark.usefixtures("small_blocks")
def test_ctrl_c_keeps_what_is_done_and_resume_does_only_the_rest(
    npusim, model_file, tmp_path, stop_after, suffix
):
    whole, out = tmp_path / f"whole{suffix}", tmp_path / f"out{suffix}"
    npusim("sweep", model_file, *POINTS, "-o", whole)
    stop_after(3, KeyboardInterrupt())
    code, said, err = npusim("sweep", model_file, *POINTS, "-o", out)
    assert (code, said) == (130, "") and "3 of 8 blocks" in err and "--resume" in err
    part = out if suffix == ".zarr" else tmp_path / "out.nc.part.zarr"
    half = files.read_dataset(str(part))["latency_us"].values
    assert np.isfinite(half).sum() == 3 * 40
    computed = stop_after(None, None)
    computed.clear()
    code, said, err = npusim("sweep", model_file, *POINTS, "-o", out, "--resume")
    assert (code, err, sorted(computed)) == (0, "", [3, 4, 5, 6, 7])
    xr.testing.assert_identical(files.read_dataset(str(out)), files.read_dataset(str(whole)))
    assert out.exists() and (suffix == ".zarr" or not part.exists())
    computed.clear()
    assert npusim("sweep", model_file, *POINTS, "-o", out, "--resume")[0] == 0
    assert len(computed) == (0 if suffix == ".zarr" else 8)


@pytest.mark.usefixtures("small_blocks")
def test_resuming_another_question_is_refused_and_leaves_the_first_alone(npusim, model_file, tmp_path):
    out = tmp_path / "out.zarr"
    npusim("sweep", model_file, *POINTS, "-o", out)
    before = files.read_dataset(str(out))
    for other in (["--seed", "1"], ["--precision", "int8"], ["--hw", "meteor_lake"], ["--mode", "latency"]):
        code, _, err = npusim("sweep", model_file, *POINTS, "-o", out, "--resume", *other)
        assert code == 2 and err.startswith("BadArgument: ") and "another question" in err
    code, _, err = npusim("sweep", model_file, *POINTS, "-o", out)
    assert code == 2 and err.startswith("BadOutput: ") and "--resume" in err
    xr.testing.assert_identical(files.read_dataset(str(out)), before)


@pytest.mark.usefixtures("small_blocks")
def test_a_disk_that_is_full_gives_one_line_and_finished_blocks_stay_readable(
    npusim, model_file, tmp_path, monkeypatch
):
    out, arrays, blocks = tmp_path / "out.zarr", Question.arrays, []

    def full(question, block, answers):  # called where the block is written
        if len(blocks) == 2:
            raise OSError(28, "No space left on device")
        blocks.append(block)
        return arrays(question, block, answers)

    monkeypatch.setattr(Question, "arrays", full)
    code, said, err = npusim("sweep", model_file, *POINTS, "-o", out)
    assert (code, said, err.count("\n")) == (2, "", 1), err
    assert err.startswith("BadOutput: ") and "No space left" in err and "--resume" in err
    assert np.isfinite(files.read_dataset(str(out))["latency_us"].values).sum() == 2 * 40


def test_a_file_the_system_refuses_to_let_grow_leaves_nothing_half_written(npusim, model_file, tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = sorted(os.listdir(tmp_path))
    many = [*words(RANGES), "--points", "20000"]
    for name in ("out.zarr", "out.csv"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, limits[1]))
        try:
            code, said, err = npusim("sweep", model_file, *many, "-o", tmp_path / name)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert (code, said, err.count("\n")) == (2, "", 1), err
        assert err.startswith("BadOutput: ")
        assert sorted(os.listdir(tmp_path)) == before


REFUSED = [
    (["--vary", "dma.bytes_per_cycl=1,2"], "BadHardware", "dma.bytes_per_cycle"),
    (["--vary", "dma.latency_ns=900:100:3"], "BadArgument", "backwards"),
    (["--vary", "dma.latency_ns=nan"], "BadHardware", "finite"),
    (["--vary", "dma.latency_ns"], "BadArgument", "NAME=VALUES"),
    (["--vary", "=1,2"], "BadArgument", "NAME=VALUES"),
    (["--vary", "tiles=1", "--vary", "tiles=2"], "BadArgument", "twice"),
    (["--vary", "tiles=1,2", "-o", "out.xlsx"], "BadArgument", ".parquet"),
    (["--vary", "tiles=1,2", "-o", "out"], "BadArgument", ".parquet"),
    (["--vary", "tiles=1,2", "-o", "no/such/out.nc"], "BadOutput", "no folder"),
    (["--vary", "tiles=1,2", "--method", "sobol"], "BadArgument", "number of points"),
    (["--vary", "tiles=1,2", "--method", "grid", "--points", "3"], "BadArgument", "grid"),
    (["--vary", "tiles=1,2", "--points", "0"], "BadArgument", "points"),
    (["--vary", "tiles=1,2", "--points", "3", "--seed", "-1"], "BadArgument", "seed"),
    (["--vary", "tiles=1,2", "--memory", "lots"], "BadArgument", "512MB"),
    (["--vary", "tiles=1,2", "--memory", "1MB"], "BadArgument", "too little"),
    (["--vary", "tiles=1,2", "--workers", "0"], "BadArgument", "--workers"),
    (["--vary", "tiles=1,2", "--workers", "1", "--scheduler", "tcp://h:1"], "BadArgument", "one of the two"),
    (["--vary", "tiles=1,2", "--plot", "out.gif"], "BadOutput", ".png"),
    (["--vary", "tiles=1,2", "--hw", "sun_lake"], "BadHardware", "lunar_lake"),
    (["--vary", "tiles=1,2", "--compiler", "1999"], "BadArgument", "2026"),
    (["--vary", "tiles=1,2", "--precision", "fp64"], "BadArgument", "fp16"),
    (["--vary", "tiles=1,2", "--mode", "fast"], "BadArgument", "latency"),
    (["--vary", "scratchpad.capacity_bytes=10,20"], "DoesNotFit", "no point fits"),
    (["--vary", "dma.latency_ns=1:9:30000000", "-o", "out.nc"], "BadArgument", ".zarr (any size)"),
    (["--vary", "dma.latency_ns=1:9", "--points", "100000000", "--method", "lhs"], "BadArgument", "sobol"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "kind", "said"), REFUSED, ids=lambda v: " ".join(v)[:50] if v else "")
def test_a_wrong_wish_is_one_line_and_leaves_nothing(
    npusim, model_file, tmp_path, monkeypatch, options, kind, said
):
    monkeypatch.chdir(tmp_path)
    before = sorted(os.listdir(tmp_path))
    out = [] if "-o" in options else ["-o", "out.zarr"]
    code, printed, err = npusim("sweep", model_file, *options, *out)
    assert (code, printed) == (2, "") and err.count("\n") == 1, err
    assert err.startswith(f"{kind}: ") and said in err
    assert sorted(os.listdir(tmp_path)) == before


def test_a_folder_that_is_no_sweep_is_not_resumed_and_not_touched(npusim, model_file, tmp_path):
    out = tmp_path / "out.zarr"
    out.mkdir()
    (out / "mine.txt").write_text("precious")
    for resume in ([], ["--resume"]):
        code, _, err = npusim("sweep", model_file, *GRID, "-o", out, *resume)
        assert code == 2 and err.count("\n") == 1 and "Traceback" not in err
    assert (out / "mine.txt").read_text() == "precious"


@pytest.mark.parametrize("missing", ["xarray", "zarr", "h5netcdf", "h5py"])
def test_a_missing_library_names_the_extra(npusim, model_file, tmp_path, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    code, _, err = npusim("sweep", model_file, *GRID, "-o", tmp_path / "out.nc")
    assert code == 2 and err.count("\n") == 1
    assert missing in err and 'pip install -e ".[sweep]"' in err


def test_a_missing_dask_names_its_extra(npusim, model_file, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    code, _, err = npusim("sweep", model_file, *GRID, "-o", tmp_path / "out.nc", "--workers", "2")
    assert code == 2 and 'pip install -e ".[distributed]"' in err
    assert os.listdir(tmp_path) == ["small.onnx"]


def test_points_of_which_some_do_not_fit_are_counted_in_the_answer(npusim, model_file, tmp_path):
    out = tmp_path / "out.zarr"
    vary = ["--vary", "scratchpad.capacity_bytes=10,1000000", "--vary", "dma.latency_ns=100:900:3"]
    code, said, _ = npusim("sweep", model_file, *vary, "-o", out)
    assert code == 0 and "3 points are unknown" in said
    assert np.isnan(files.read_dataset(str(out))["latency_us"].values).sum() == 3
    shutil.rmtree(out)


def test_tiles_and_clock_are_of_the_npu_the_others_differ_from(npusim, model_file, tmp_path):
    out = tmp_path / "out.csv"
    vary = ("--vary", "dma.latency_ns=100,1000")
    assert npusim("sweep", model_file, *vary, "--tiles", "2", "--clock", "1200", "-o", out)[0] == 0
    told = [float(row.split(",")[3]) for row in out.read_text().splitlines()[1:]]
    hw = at_clock(package.hardware("lunar_lake"), 1200).replace({"tiles": 2})
    for latency_us, latency_ns in zip(told, (100, 1000), strict=True):
        changed = hw.replace({"dma.latency_ns": latency_ns})
        assert latency_us == pytest.approx(package.simulate(load(model_file), changed).latency_us)


def test_ops_without_a_cost_are_left_out_where_asked_and_told(npusim, tmp_path):
    model, out = tmp_path / "unknown.onnx", tmp_path / "out.csv"
    nodes = [
        onnx.helper.make_node("Relu", ["x"], ["y"]),
        onnx.helper.make_node("Strange", ["y"], ["z"], domain="some.where"),
    ]
    ends = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1, 64]) for n in "xz"]
    opsets = [onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("some.where", 1)]
    graph = onnx.helper.make_graph(nodes, "unknown", ends[:1], ends[1:])
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets), model)
    for command in (("sweep", "-o", out), ("pareto", "--cost", "tiles")):
        asked = (command[0], model, "--vary", "tiles=1,2", *command[1:])
        assert npusim(*asked)[0] == 2
        code, said, _ = npusim(*asked, "--allow-unmodelled")
        assert code == 0 and "lower bounds" in " ".join(said.split())
