"""`npusim sweep`: one question asked of many NPUs."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from npusim.commands import simulation as sim
from npusim.errors import BadArgument

ModelsArgument = Annotated[
    list[str], typer.Argument(metavar="MODEL...", help="ONNX files; speed-ups are against the first.")
]
VaryOption = Annotated[
    list[str],
    typer.Option(
        "--vary",
        metavar="NAME=VALUES",
        help="start:stop:count[:log] or a,b,c for a dotted name, compiler or precision; may be repeated.",
    ),
]
OutOption = Annotated[
    str, typer.Option("-o", "--out", metavar="FILE", help="Result: .nc, .zarr (any size), .parquet or .csv.")
]
PointsOption = Annotated[
    int | None, typer.Option("--points", metavar="N", help="Points inside the ranges instead of a grid.")
]
MethodOption = Annotated[
    str | None,
    typer.Option(
        "--method", metavar="grid|random|lhs|sobol", help="How points are chosen; sobol with --points."
    ),
]
SeedOption = Annotated[int, typer.Option("--seed", metavar="N", help="Seed of the points.")]
PlotOption = Annotated[
    str | None, typer.Option("--plot", metavar="FILE", help="Draw the result: .html or .png.")
]
MemoryOption = Annotated[str, typer.Option("--memory", metavar="SIZE", help="What the process may take.")]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Go on with an unfinished result.")]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", metavar="N", help="Share the work among N processes (Dask).")
]
SchedulerOption = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="A running Dask scheduler, tcp://HOST:PORT."),
]


def sweep(
    models: ModelsArgument,
    vary: VaryOption,
    out: OutOption,
    hw: sim.HwOption = "lunar_lake",
    points: PointsOption = None,
    method: MethodOption = None,
    seed: SeedOption = 0,
    compiler: sim.CompilerOption = "2026",
    precision: sim.PrecisionOption = "fp16",
    mode: sim.ModeOption = "throughput",
    dim: sim.DimOption = None,
    upper_bound: sim.UpperOption = False,
    plot: PlotOption = None,
    memory: MemoryOption = "2GB",
    resume: ResumeOption = False,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
) -> None:
    """Predict the latency of ONNX models on many NPUs: every combination of some numbers, or points among them."""
    from npusim.commands.sweep_job import Job, run

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
        method=method or ("grid" if points is None else "sobol"),
        seed=seed,
        compiler=compiler,
        precision=precision,
        mode=mode,
        dims=sim.parse_dims(dim or []),
        upper_bound=upper_bound,
        plot=plot,
        memory=memory,
        resume=resume,
        workers=workers,
        scheduler=scheduler,
    )
    try:
        print(run(job))
    except KeyboardInterrupt as stop:
        print(f"\n{stop}" if str(stop) else "", file=sys.stderr)
        raise


def parse_vary(texts: list[str]) -> dict[str, Any]:
    """['tiles=1,2'] -> {'tiles': '1,2'}. Raises BadArgument."""
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        name = name.strip()
        if not (equals and name and values.strip()):
            raise BadArgument(f"--vary '{text}' is not NAME=VALUES; write for example --vary tiles=1,2,4")
        if name in found:
            raise BadArgument(f"--vary gives '{name}' twice; put all its values into one")
        found[name] = values
    return found
