"""`npusim sweep`: one question asked of many NPUs."""

from __future__ import annotations

import sys

from npusim.choices import Method, Mode, Precision
from npusim.commands import options as opt
from npusim.commands.inputs import parse_dims, parse_fixed, parse_trips, parse_vary, parse_what_ifs
from npusim.errors import BadArgument


def sweep(
    models: opt.Models,
    vary: opt.Vary,
    out: opt.SweepOutput,
    hw: opt.Hw = "lunar_lake",
    tiles: opt.Tiles = None,
    points: opt.Points = None,
    method: opt.MethodOption = None,
    seed: opt.Seed = 0,
    compiler: opt.Compiler = "2026",
    precision: opt.PrecisionOption = Precision.FP16,
    clock: opt.Clock = None,
    mode: opt.ModeOption = Mode.THROUGHPUT,
    dim: opt.Dim = None,
    allow_unmodelled: opt.AllowUnmodelled = False,
    upper_bound: opt.UpperBound = False,
    set_value: opt.SetValue = None,
    trips: opt.Trips = None,
    max_nodes: opt.MaxNodes = None,
    plot: opt.Plot = None,
    memory: opt.Memory = "2GB",
    resume: opt.Resume = False,
    workers: opt.Workers = None,
    scheduler: opt.Scheduler = None,
    json: opt.Json = None,
    what_if: opt.WhatIfs = None,
) -> None:
    """Predict the latency of ONNX models on many NPUs: every combination of some numbers, or points among them."""
    from npusim.commands.sweep_job import Job, run
    from npusim.terminal.layout import clean

    if workers is not None and scheduler is not None:
        raise BadArgument("--workers starts processes here, --scheduler uses others; give one of the two")
    if workers is not None and workers < 1:
        raise BadArgument(f"--workers must be a whole number from 1 on, got {workers}")
    if seed < 0:
        raise BadArgument(f"--seed must be a whole number from 0 on, got {seed}")
    job = Job(
        models=models,
        hw=hw,
        vary=parse_vary(vary),
        out=out,
        points=points,
        method=method or (Method.GRID if points is None else Method.SOBOL),
        seed=seed,
        compiler=compiler,
        precision=precision,
        mode=mode,
        dims=parse_dims(dim),
        upper_bound=upper_bound,
        fixed=parse_fixed(set_value),
        trips=parse_trips(trips),
        max_nodes=max_nodes,
        plot=plot,
        memory=memory,
        resume=resume,
        workers=workers,
        scheduler=scheduler,
        json=json,
        what_ifs=parse_what_ifs(what_if),
        tiles=tiles,
        clock=clock,
        allow_unmodelled=allow_unmodelled,
    )
    try:
        if said := run(job):
            print(clean(said, keep_lines=True))
    except KeyboardInterrupt as stop:
        print(f"\n{stop}" if str(stop) else "", file=sys.stderr)
        raise
