"""Dask workers: the same answer as alone, and a killed one costs its block only."""

import contextlib
import os
import signal
import socket
import threading
import time

import pytest

import npusim as package
from npusim.onnx_io import load
from npusim.sweeping import files
from npusim.sweeping.question import ask
from npusim.sweeping.store import Store, read
from tests.sweeping.graph import RANGES
from tests.sweeping.test_command import words

xr = pytest.importorskip("xarray")
pytest.importorskip("zarr")
pytest.importorskip("distributed")


def gone(pid, patience_s=30):
    """True once no process has that number (its parent has seen it end)."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def slow_question(model_file, points=40_000):
    graph, hw = load(model_file), package.hardware("lunar_lake")
    return ask({"small.onnx": graph}, hw, RANGES, "2026", "fp16", points, "sobol", 0)


@pytest.mark.slow
def test_a_killed_worker_costs_its_block_and_nothing_else(model_file, tmp_path):
    from npusim.sweeping.cluster import connected, run_blocks

    question = slow_question(model_file)
    alone = Store.create(str(tmp_path / "alone.zarr"), question, 2000)
    for index in alone.todo():
        alone.mark(index, alone.compute(index))
    alone.finish()
    shared = Store.create(str(tmp_path / "shared.zarr"), question, 2000)
    finished, killed = [], []
    with connected(2, None) as client:

        def done(index, misfits):
            shared.mark(index, misfits)
            finished.append(index)
            if len(finished) == 3:
                victim = client.run(os.getpid)
                killed.extend(list(victim.values())[:1])
                os.kill(killed[0], signal.SIGKILL)

        run_blocks(client, shared, shared.todo(), done)
        assert gone(killed[0])
    shared.finish()
    assert sorted(finished) == list(range(20)) and shared.todo() == []
    xr.testing.assert_identical(read(shared.path).load(), read(alone.path).load())


@pytest.mark.slow
def test_workers_of_the_command_give_the_answer_of_one_process(npusim, model_file, tmp_path):
    points = [*words(RANGES), "--points", "300"]
    one, many = tmp_path / "one.zarr", tmp_path / "many.zarr"
    assert npusim("sweep", model_file, *points, "-o", one)[0] == 0
    code, said, _ = npusim("sweep", model_file, *points, "-o", many, "--workers", "1")
    assert code == 0 and "300 points" in said
    xr.testing.assert_identical(files.read_dataset(str(many)), files.read_dataset(str(one)))


@pytest.mark.slow
def test_a_running_scheduler_is_used_and_left_as_it_was(npusim, model_file, tmp_path):
    import distributed

    out, alone = tmp_path / "out.zarr", tmp_path / "alone.zarr"
    points = [*words(RANGES), "--points", "300"]
    npusim("sweep", model_file, *points, "-o", alone)
    cluster = distributed.LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None)
    with cluster, distributed.Client(cluster) as client:
        address = cluster.scheduler_address
        code, _, err = npusim("sweep", model_file, *points, "-o", out, "--scheduler", address)
        assert (code, err) == (0, "")
        assert list(client.run(questions_kept).values()) == [0]
    xr.testing.assert_identical(files.read_dataset(str(out)), files.read_dataset(str(alone)))


def questions_kept():
    from npusim.sweeping import cluster

    return len(cluster._questions)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{port}", "nonsense", "foo:bar", "ftp://127.0.0.1:1"])
def test_a_scheduler_that_does_not_answer_is_one_line_and_leaves_nothing(
    npusim, model_file, tmp_path, monkeypatch, address
):
    monkeypatch.setattr("npusim.sweeping.cluster.TIMEOUT_S", 0.5)
    with socket.socket() as silent:  # bound and never listening
        silent.bind(("127.0.0.1", 0))
        address = address.format(port=silent.getsockname()[1])
        points = [*words(RANGES), "--points", "300"]
        code, said, err = npusim(
            "sweep", model_file, *points, "-o", tmp_path / "o.zarr", "--scheduler", address
        )
    assert (code, said, err.count("\n")) == (2, "", 1), err
    assert err.startswith("NoScheduler: ") and address in err
    assert os.listdir(tmp_path) == ["small.onnx"]


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" * 4])
def test_what_answers_and_is_no_scheduler_is_one_line(npusim, model_file, tmp_path, monkeypatch, said):
    monkeypatch.setattr("npusim.sweeping.cluster.TIMEOUT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept = []

        def answer():
            with contextlib.suppress(OSError):  # the server is closed at the end
                while True:
                    kept.append(server.accept()[0])
                    kept[-1].sendall(said)

        threading.Thread(target=answer, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        points = [*words(RANGES), "--points", "300"]
        code, out, err = npusim(
            "sweep", model_file, *points, "-o", tmp_path / "o.zarr", "--scheduler", address
        )
        for connection in kept:
            connection.close()
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert err.startswith("NoScheduler: ") and address in err
    assert os.listdir(tmp_path) == ["small.onnx"]
