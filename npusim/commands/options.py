"""Every argument and option of the commands, declared once: its spelling, its values, its help and its completion."""

from __future__ import annotations

from typing import Annotated

import typer

from npusim.choices import PROFILE as PROFILE
from npusim.choices import Block, Method, Mode, Order, Precision
from npusim.choices import Runtime as Runtimes
from npusim.commands.option_parts import PAGES as PAGES
from npusim.commands.option_parts import choice, chosen, compilers, file, npus, numbers, what_ifs

# What is asked about
Model = Annotated[str, typer.Argument(metavar="MODEL", help="ONNX file, OpenVINO IR (.xml) or config.json.")]
Models = Annotated[
    list[str], typer.Argument(metavar="MODEL...", help="Models; speed-ups are against the first.")
]
ManyModels = Annotated[
    list[str],
    typer.Argument(
        metavar="MODEL...", help="ONNX file, OpenVINO IR or config.json; or several, or folders of them."
    ),
]
After = Annotated[
    str | None,
    typer.Argument(
        metavar="[AFTER]",
        help="The changed model; left out where only --hw-after and the like change.",
        show_default=False,
    ),
]
HwAfter = Annotated[
    str | None,
    typer.Option("--hw-after", metavar="NAME|FILE", help="The NPU of AFTER.", autocompletion=npus),
]
TilesAfter = Annotated[
    int | None,
    typer.Option("--tiles-after", metavar="N", help="Tiles of AFTER; those of --tiles, or of --hw-after."),
]
CompilerAfter = Annotated[
    str | None,
    typer.Option(
        "--compiler-after",
        metavar="NAME|FILE",
        help="Compiler release of AFTER.",
        autocompletion=compilers,
    ),
]
PrecisionAfter = Annotated[
    Precision | None,
    chosen(Precision, "--precision-after", "Precision of AFTER."),
]
ClockAfter = Annotated[
    float | None, typer.Option("--clock-after", metavar="MHZ", help="Clock of AFTER's MAC array.")
]
Node = Annotated[
    str, typer.Argument(metavar="NODE", help="Name of a node, or a piece of it that no other name has.")
]
Npu = Annotated[
    str,
    typer.Argument(metavar="NAME|FILE", help="A name of `hw list`, or a YAML file.", autocompletion=npus),
]

# The NPU and how the model is compiled for it
Hw = Annotated[
    str,
    typer.Option(
        "--hw",
        metavar="NAME|FILE",
        help="The NPU: a name of `npusim hw list`, or a YAML file.",
        autocompletion=npus,
    ),
]
Hws = Annotated[
    list[str] | None,
    typer.Option(
        "--hw",
        metavar="NAME|FILE",
        help="An NPU to judge; may be repeated. All by default.",
        autocompletion=npus,
    ),
]
Tiles = Annotated[int | None, typer.Option("--tiles", metavar="N", help="Tiles to use instead of the NPU's.")]
Compiler = Annotated[
    str,
    typer.Option(
        "--compiler",
        metavar="NAME|FILE",
        help="Release of Intel's compiler to follow. 2026 prices the MAC array as that compiler does, 2026-measured "
        "by what is measured and published of the silicon. All: docs/compiler.md.",
        autocompletion=compilers,
    ),
]
CompilerOfDevices = Annotated[
    str,
    typer.Option(
        "--compiler",
        metavar="NAME|FILE",
        help="Release of Intel's compiler to follow. 2026-measured prices all by what is measured and published "
        "of the silicon, as this answer is held against devices; `run` asks 2026, held against the compiler. "
        "All: docs/compiler.md.",
        autocompletion=compilers,
    ),
]
Clock = Annotated[
    float | None,
    typer.Option(
        "--clock", metavar="MHZ", help="Clock of the MAC array; that of DSP and DMA keeps its ratio to it."
    ),
]
PrecisionOption = Annotated[Precision, chosen(Precision, "--precision", "Type of the arithmetic.")]
ModeOption = Annotated[
    Mode,
    chosen(
        Mode,
        "--mode",
        "NPU time of one of several inferences in flight, or with the host's part of a lone one.",
    ),
]
Dim = Annotated[
    list[str] | None,
    typer.Option("--dim", metavar="NAME=N", help="Size of a free dimension; may be repeated."),
]
AllowUnmodelled = Annotated[
    bool,
    typer.Option("--allow-unmodelled", help="Leave ops without a cost out instead of stopping; names them."),
]
UpperBound = Annotated[
    bool, typer.Option("--upper-bound", help="Take the largest size where a shape depends on data.")
]
SetValue = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Value of a small input, which may decide a branch; may be repeated.",
    ),
]
Trips = Annotated[
    list[str] | None,
    typer.Option(
        "--trips",
        metavar="[NAME=]N",
        help="Most iterations of a loop whose count the data decide, by its name or of all; may be repeated.",
    ),
]
MaxNodes = Annotated[
    int | None,
    typer.Option(
        "--max-nodes",
        metavar="N",
        min=1,
        help="Nodes a model may unfold to; ten times what its file holds, and 30000 at least, by default.",
    ),
]
MaxMemory = Annotated[
    str | None,
    typer.Option(
        "--max-memory",
        metavar="SIZE",
        help="What the plan may take; 300MB, or more for a large file, by default.",
    ),
]

WhatIfs = Annotated[
    list[str] | None,
    typer.Option(
        "--what-if",
        metavar="NAME:KEY=VALUE,...",
        help="Suppose something: see `npusim what-if`; may be repeated, in order.",
        autocompletion=what_ifs,
    ),
]
SaveModel = Annotated[
    str | None, file("--save", "Write the model as the what-ifs change it, where they change the file.")
]

# Many NPUs
Vary = Annotated[
    list[str],
    typer.Option(
        "--vary",
        metavar="NAME=VALUES",
        help="start:stop:count[:log] or a,b,c for a dotted name, compiler or precision; may be repeated.",
        autocompletion=numbers,
    ),
]
Points = Annotated[
    int | None, typer.Option("--points", metavar="N", help="Points inside the ranges instead of a grid.")
]
MethodOption = Annotated[
    Method | None,
    chosen(Method, "--method", "How points are chosen; sobol with --points."),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Seed of the points.")]
Memory = Annotated[
    str,
    typer.Option(
        "--memory", metavar="SIZE", help="Memory of this computer that the command may take, such as 2GB."
    ),
]
Plot = Annotated[str | None, file("--plot", "Draw the result: .html or .png.")]
Cost = Annotated[
    str,
    typer.Option(
        "--cost",
        metavar="EXPR",
        help="Cost over dotted names, with + - * / ** ( ) min max sqrt log: 'tiles*mac_array.macs_per_cycle'.",
    ),
]
AllPoints = Annotated[bool, typer.Option("--all", help="Write all points, not the front alone.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with an unfinished result.")]
Workers = Annotated[
    int | None, typer.Option("--workers", metavar="N", help="Share the work among N processes (Dask).")
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="A running Dask scheduler, tcp://HOST:PORT."),
]

# What is written
Output = Annotated[
    str | None, file("--output", "Write the result in the form the ending says: .json, or .txt.", "-o")
]
PageOutput = Annotated[
    str | None,
    file("--output", "Write the result in the form the ending says: .json .html, or .txt.", "-o"),
]
RunOutput = Annotated[
    str | None,
    file(
        "--output",
        "Write the result in the form the ending says: .json .html .csv .trace.json, or .txt.",
        "-o",
    ),
]
Json = Annotated[str | None, file("--json", "Write it all as JSON; '-' is standard output.")]
Csv = Annotated[str | None, file("--csv", "Write the nodes as CSV, as benchmark_app does.")]
Trace = Annotated[str | None, file("--trace", "Write the schedule as a trace for Perfetto.")]
Html = Annotated[str | None, file("--html", "Write a page to look at: one file that needs nothing else.")]
Png = Annotated[str | None, file("--png", "Draw waterfall and timelines as a picture (extra 'plot').")]
Svg = Annotated[str | None, file("--svg", "The same as SVG, for papers (extra 'plot').")]
CompareOutput = Annotated[
    str | None,
    file("--output", "Write the result in the form the ending says: .json .html .png .svg, or .txt.", "-o"),
]
Annotate = Annotated[
    str | None, file("--annotate", "Write the model with predicted times in its nodes, for Netron.")
]
AdviceOption = Annotated[
    bool | None,
    typer.Option("--advice/--no-advice", help="What to do about it; unasked for plans of up to 5,000 tasks."),
]
Tornado = Annotated[str | None, file("--tornado", "Plot the sensitivities to a .html or .png.")]
Sensitivity = Annotated[
    bool, typer.Option("--sensitivity", help="Show the ten numbers of the NPU that decide the latency.")
]
Top = Annotated[
    int | None,
    typer.Option(
        "--top", metavar="N", min=0, help="Rows of the longest table; what the page has room for by default."
    ),
]
Rows = Annotated[int, typer.Option("--top", metavar="N", min=0, help="Rows of the longest table.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show everything, not 24 lines.")]
SweepOutput = Annotated[
    str, file("--output", "Result: .nc, .zarr (any size), .parquet or .csv.", "-o", "--out")
]
FrontOutput = Annotated[
    str | None, file("--output", "Write the front as .csv or .json, or the page as .txt ('-': CSV).", "-o")
]
PointsCsv = Annotated[str | None, file("--csv", "Write the front as CSV.")]
HardwareOutput = Annotated[str, file("--output", "YAML to write: what changed, based on the NPU.", "-o")]

# Rows and machines to compare with
Reference = Annotated[
    str | None,
    typer.Option("--reference", metavar="DIR", help="Folder of tables instead of those that come along."),
]
BlockArgument = Annotated[str, typer.Argument(help="What to fit.", **choice(Block, "block", PROFILE))]
Profiles = Annotated[
    list[str] | None,
    typer.Argument(metavar="[REPORT]...", help="Profiles of MODEL on this NPU, for 'profile'."),
]
ProfiledModel = Annotated[
    str | None, typer.Option("--model", metavar="MODEL", help="Model the profiles are of.")
]
Device = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="NPU|CPU",
        help="Measure here through OpenVINO; a CPU checks names only.",
        autocompletion=lambda incomplete: [d for d in ("NPU", "CPU") if d.startswith(incomplete.upper())],
    ),
]
Runtime = Annotated[Runtimes, chosen(Runtimes, "--runtime", "What runs the model on the CPU.")]
OrderOption = Annotated[Order, chosen(Order, "--order", "Which of several requests comes first.")]
Reports = Annotated[
    list[str] | None,
    typer.Option("--report", metavar="FILE", help="Compare with a profile; may be repeated."),
]
VendorCompiler = Annotated[
    bool, typer.Option("--vendor-compiler", help="Compare with the schedule Intel's compiler makes.")
]
VendorCommand = Annotated[
    str | None,
    typer.Option(
        "--vendor-command", metavar="CMD", help="Command that runs the compiler: CMD MODEL PLATFORM OUT."
    ),
]
Values = Annotated[
    bool, typer.Option("--values", help="Compare the outputs of OpenVINO (CPU, float32) and onnxruntime.")
]
Save = Annotated[str | None, file("--save", "Keep the measurement; --report reads it back.")]
