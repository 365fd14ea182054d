"""A sweep from files to a file: what the command does, step by step.

Every result grows in a Zarr folder; one that is to be another format grows in `<file>.part.zarr` first, so
that it can be resumed too."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from npusim.errors import BadArgument, DoesNotFit, NpusimError
from npusim.sweeping import files
from npusim.sweeping.evaluate import PLAN_SHARE
from npusim.sweeping.question import Question, ask
from npusim.sweeping.store import Store, read
from npusim.terminal.memory import own_memory, parse_memory, readable
from npusim.terminal.outputs import STDOUT, check_outputs, write_outputs
from npusim.terminal.progress import progress
from npusim.whatif.base import Supposition
from npusim_xamba.envelope import envelope, text

_MOST_BLOCK = 1 << 18
_BLOCK_COPIES = (
    12  # of a block's answer, while it is computed, put in shape and compressed (measured, rounded up)
)
_LEAST_BLOCK = 1 << 15
_BLOCKS = 32  # at least, when a block is not small already: progress, workers and --resume need some
_WORKER_BYTES = 150 * 10**6  # a Dask worker without any work


@dataclass(frozen=True, slots=True)
class Job:
    """The options of `npusim sweep`."""

    models: list[str]
    hw: str
    vary: dict[str, Any]
    out: str
    points: int | None = None
    method: str = "grid"
    seed: int = 0
    compiler: str = "2026"
    precision: str = "fp16"
    mode: str = "throughput"
    dims: dict[str, int] | None = None
    upper_bound: bool = False
    fixed: dict[str, Any] | None = None
    trips: dict[str, int] | None = None
    max_nodes: int | None = None
    plot: str | None = None
    memory: str = "2GB"
    resume: bool = False
    workers: int | None = None
    scheduler: str | None = None
    json: str | None = None
    what_ifs: tuple[Supposition, ...] = ()
    tiles: int | None = None
    clock: float | None = None
    allow_unmodelled: bool = False


def run(job: Job) -> str:
    """Do it; returns what to tell the user. Raises NpusimError, and KeyboardInterrupt with a message."""
    suffix = files.suffix_of(job.out)
    _check_paths(job)
    question = _question(job)
    budget = _budget(job)
    size = question.total * question.point_bytes
    files.check_size(suffix, size, budget)
    if job.plot is not None:
        files.check_size(".nc", size, budget)
    if question.design.own_bytes > budget:
        raise BadArgument(
            f"lhs takes all its points at once, {readable(question.design.own_bytes)}, and --memory leaves "
            f"{readable(budget)}; take --method sobol or random"
        )
    question.scratch, question.plan_bytes = max(1, budget // 4), int(budget * PLAN_SHARE)
    folder = job.out if suffix == ".zarr" else f"{job.out}.part.zarr"
    began = time.perf_counter()
    with _workers(job) as client:  # before anything is written: a scheduler may not answer
        store, is_new = _open(job, question, folder, budget)
        todo = store.todo()
        computed = sum(store.size(i) for i in todo)
        try:
            _compute(client, store, todo)
        except KeyboardInterrupt:
            kept = len(store.blocks) - len(store.todo())
            raise KeyboardInterrupt(
                f"interrupted: {kept} of {len(store.blocks)} blocks are kept in {folder}; go on with --resume"
            ) from None
        except NpusimError:
            if is_new and len(store.todo()) == len(store.blocks):
                shutil.rmtree(folder, ignore_errors=True)
            raise
    seconds = time.perf_counter() - began
    misfits = store.finish()
    if sum(misfits.values()) == question.total:
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
        raise DoesNotFit(f"no point fits: {next(iter(misfits))}")
    if job.json is not None:
        write_outputs({job.json: text(_summary(job, question, computed, misfits))})
    lines = [
        f"{computed:,} points in {seconds:.1f} s ({computed / max(seconds, 1e-9):,.0f} a second) -> {job.out}"
    ]
    lines += [f"{count:,} points are unknown: {sentence}" for sentence, count in misfits.items()]
    lines += [f"warning {sentence}" for sentence in question.warnings()]
    if suffix != ".zarr" or job.plot is not None:
        dataset = read(folder).load()
        if suffix != ".zarr":
            files.write(dataset, job.out)
            shutil.rmtree(folder, ignore_errors=True)
        if job.plot is not None:
            from npusim.plotting import save as plots

            plots.save(dataset, job.plot)
            lines.append(f"plot -> {job.plot}")
    return "\n".join(lines) if job.json != STDOUT else ""


def _summary(job: Job, question: Question, computed: int, misfits: dict[str, int]) -> dict[str, Any]:
    """What was asked and where the answer is."""
    content = question.attributes() | {
        "output": job.out,
        "points": question.design.total,
        "computed": computed,
        "vary": {name: str(values) for name, values in job.vary.items()},
        "unknown": misfits,
    }
    hashes = [graph.sha256 for graph in question.graphs.values()]
    return envelope("npusim.sweep", content, model_sha256=hashes)


def _check_paths(job: Job) -> None:
    from npusim.commands.inputs import check_plot

    inputs = [*job.models, job.hw, job.compiler]
    if job.out.endswith(".zarr") and os.path.isdir(job.out):
        check_outputs({"--plot": job.plot, "--json": job.json}, inputs)
    else:
        check_outputs({"-o": job.out, "--plot": job.plot, "--json": job.json}, inputs)
    check_plot("--plot", job.plot)


def _question(job: Job) -> Question:
    from npusim.commands.inputs import Conditions, read_model

    hw = Conditions(job.hw, job.tiles, clock=job.clock).hardware()
    graphs: dict[str, Any] = {}
    question = ask(
        graphs,
        hw,
        job.vary,
        job.compiler,
        job.precision,
        job.points,
        job.method,
        job.seed,
        job.mode,
        what_ifs=job.what_ifs,
        allow_unmodelled=job.allow_unmodelled,
    )  # the cheap mistakes first
    for path in job.models:
        name = os.path.basename(path)
        name = path if name in graphs else name
        if name in graphs:
            raise BadArgument(f"the model '{path}' is given twice; give each once")
        graphs[name] = read_model(
            path, job.dims or {}, job.upper_bound, job.fixed, job.trips, job.max_nodes, job.what_ifs
        )
    question.graphs = graphs
    return question


def _budget(job: Job) -> int:
    """Bytes left for the sweep's arrays, of each process that computes."""
    allowed, own = parse_memory(job.memory), own_memory()
    count = job.workers or 0
    left = (allowed - own - count * _WORKER_BYTES) // max(1, count)
    if left < 16 * 10**6:
        needed = own + count * (_WORKER_BYTES + 16 * 10**6) + 16 * 10**6
        raise BadArgument(
            f"--memory {job.memory} is too little: the program itself takes {readable(own)}; "
            f"allow {readable(needed)} or more"
        )
    return left


def _open(job: Job, question: Question, folder: str, budget: int) -> tuple[Store, bool]:
    if job.resume and os.path.isdir(folder):
        return Store.open(folder, question), False
    bytes_per_point = _BLOCK_COPIES * question.point_bytes * len(question.graphs)
    most = min(
        _MOST_BLOCK, budget // 2 // bytes_per_point, max(_LEAST_BLOCK, question.design.total // _BLOCKS)
    )
    return Store.create(folder, question, max(1, most)), True


def _workers(job: Job) -> Any:
    """Context: a Dask client, or None to compute in this process."""
    if job.workers is None and job.scheduler is None:
        return nullcontext()
    from npusim.sweeping.cluster import connected

    return connected(job.workers, job.scheduler)


def _compute(client: Any, store: Store, todo: list[int]) -> None:
    total = sum(store.size(i) for i in range(len(store.blocks)))
    with progress(total, total - sum(store.size(i) for i in todo)) as tell:
        if client is None:
            for index in todo:
                store.mark(index, store.compute(index, tell))
            return
        from npusim.sweeping.cluster import run_blocks

        def done(index: int, misfits: dict[str, int]) -> None:
            store.mark(index, misfits)
            tell(store.size(index))

        run_blocks(client, store, todo, done)
