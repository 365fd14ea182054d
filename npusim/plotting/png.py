"""A figure -> PNG, by matplotlib (imported here only). The same colours as the HTML page in its light form.

What bounds a latency is told by colour and by a word or a marker, so that it can be read without colours."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from npusim.errors import BadOutput
from npusim.plotting.figure import (
    GROUP_NAMES,
    Figure,
    Heat,
    Lines,
    Points,
    Tornado,
    is_log,
    number,
)
from npusim.plotting.regions import borders, places
from npusim_xamba.extras import missing

COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#b0579b",
    "#777777",
)  # after Okabe and Ito, in the order of GROUPS
MARKERS = ("o", "s", "^", "D", "x")
DASHES = ("-", "--", "-.", ":")
INCHES, DPI = (7.6, 4.9), 130


def require_matplotlib() -> None:
    """Raises BadOutput with the remedy where matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise BadOutput(
            f"a .png is drawn by matplotlib; {missing('matplotlib', 'plot')}, or name a .html, which needs nothing"
        ) from None


def to_png(figure: Figure) -> bytes:
    """The PNG file's bytes; equal figures give equal bytes with one version of matplotlib."""
    require_matplotlib()
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    settings: Any = {
        "text.parse_math": False,
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with matplotlib.rc_context(settings):
        canvas = Canvas(figsize=INCHES, dpi=DPI, layout="constrained")
        FigureCanvasAgg(canvas)
        canvas.suptitle(_wrapped(figure.title, 80), x=0.02, ha="left", fontsize=11, fontweight="bold")
        axes = canvas.add_subplot()
        if figure.note:
            width = 60 if isinstance(figure, Tornado) else 120  # a title starts at the left of the axes
            axes.set_title(_wrapped(figure.note, width), loc="left", fontsize=8, color="#555555")
        if isinstance(figure, Heat):
            _heat(canvas, axes, figure)
        elif isinstance(figure, Lines):
            _lines(axes, figure)
        elif isinstance(figure, Points):
            _points(canvas, axes, figure)
        else:
            _tornado(axes, figure)
        file = io.BytesIO()
        canvas.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _heat(canvas: Any, axes: Any, figure: Heat) -> None:
    from matplotlib.colors import LogNorm, TwoSlopeNorm

    cells = np.array(figure.cells, dtype=float)
    known = cells[np.isfinite(cells)]
    low, high = (known.min(), known.max()) if known.size else (0.0, 1.0)
    norm: Any = None
    if figure.level is not None:
        reach = max(abs(np.log(low / figure.level)), abs(np.log(high / figure.level)), 1e-6)
        norm, cells = TwoSlopeNorm(0, -reach, reach), np.log(cells / figure.level)
    elif is_log((low, high)):
        norm = LogNorm(low, high)
    colours = "RdBu" if figure.level is not None else "viridis"
    image = axes.imshow(
        cells, origin="lower", aspect="auto", cmap=colours, norm=norm, interpolation="nearest"
    )
    axes.set_facecolor("#dddddd")
    for axis, which, most in ((figure.x, axes.xaxis, 8), (figure.y, axes.yaxis, 14)):
        at = range(0, len(axis.values), -(-len(axis.values) // most))
        which.set_ticks(at, [_label(axis.values[i]) for i in at])
    axes.set_xlabel(figure.x.title)
    axes.set_ylabel(figure.y.title)
    bar = canvas.colorbar(
        image, ax=axes, label=f"{figure.value} ({figure.unit})" if figure.unit else figure.value
    )
    if figure.level is None and norm is not None:
        _plain_ticks(bar.ax.yaxis)
    if figure.level is not None:
        ticks = np.linspace(-reach, reach, 7)
        bar.set_ticks(ticks.tolist(), labels=[f"{figure.level * np.exp(t):.3g}" for t in ticks])
        _border(axes, np.array(figure.cells) >= figure.level, "black", 2.0, figure.level_name)
        if axes.lines:
            axes.legend(loc="upper left", framealpha=0.9)
    elif figure.bound:
        bound = np.where(np.isfinite(cells), np.array(figure.bound), -1)
        _border(axes, bound, "white", 1.4, "")
        for which, x, y in places(bound):
            if which >= 0:
                style = {
                    "facecolor": "black",
                    "alpha": 0.55,
                    "edgecolor": "none",
                    "boxstyle": "round,pad=0.25",
                }
                words = f"bound by {GROUP_NAMES[which]}"
                side = _side((x + 0.5) / cells.shape[1])
                axes.text(x, y, words, color="white", ha=side, va="center", bbox=style, fontsize=8)


def _side(part: float) -> str:
    """Where a text is held that stands at this part of the width, so that it does not leave the axes and cover what is
    written beside them."""
    return "left" if part < 0.2 else "right" if part > 0.8 else "center"


def _border(axes: Any, classes: np.ndarray, colour: str, width: float, name: str) -> None:
    for k, (xs, ys) in enumerate(borders(classes)):
        axes.plot(xs, ys, color=colour, linewidth=width, label=name if name and not k else None)


def _lines(axes: Any, figure: Lines) -> None:
    words = any(isinstance(v, str) for v in figure.x.values)
    x = np.arange(len(figure.x.values)) if words else np.array(figure.x.values, dtype=float)
    seen: set[int] = set()
    for k, series in enumerate(figure.series):
        y = np.array(series.values)
        # lines that nothing bounds have a colour each; others are grey, and their marks tell what bounds them
        ink, width = ("#999999", 1.2) if series.bound else (COLOURS[k % (len(COLOURS) - 1)], 1.8)
        dash = DASHES[k % len(DASHES)]
        axes.plot(x, y, color=ink, linewidth=width, linestyle=dash, label=series.name or None, zorder=1)
        bound = np.array(series.bound, dtype=int)
        for which in np.unique(bound[np.isfinite(y)]) if series.bound else ():
            here = (bound == which) & np.isfinite(y)
            label = f"bound by {GROUP_NAMES[which]}" if which not in seen else None
            seen.add(int(which))
            style = {
                "color": COLOURS[which],
                "marker": MARKERS[which],
                "markersize": 4.5 if len(x) < 80 else 2.5,
            }
            axes.plot(x[here], y[here], linestyle="none", label=label, **style)
    if words:
        axes.set_xticks(x, [str(v) for v in figure.x.values])
    _scales(axes, figure.x.log, is_log([v for s in figure.series for v in s.values if np.isfinite(v)]))
    axes.set_xlabel(figure.x.title)
    axes.set_ylabel(f"{figure.value} ({figure.unit})")
    if axes.get_legend_handles_labels()[1]:
        axes.legend(framealpha=0.9)
    axes.grid(alpha=0.25, which="both", linewidth=0.5)


def _points(canvas: Any, axes: Any, figure: Points) -> None:
    x, y = np.array(figure.x.values, dtype=float), np.array(figure.y.values, dtype=float)
    front = np.array(figure.front, dtype=int)
    if figure.colour:
        from matplotlib.colors import LogNorm

        norm = LogNorm() if is_log(figure.colour) else None
        shown = axes.scatter(x, y, c=figure.colour, s=14, cmap="viridis", norm=norm)
        bar = canvas.colorbar(shown, ax=axes, label=figure.colour_title)
        if norm is not None:
            _plain_ticks(bar.ax.yaxis)
    rest = np.setdiff1d(np.arange(len(x)), front)
    if not figure.colour:
        axes.scatter(x[rest], y[rest], s=7, color="#bbbbbb", label="beaten by another", zorder=1)
    if len(front):
        axes.step(x[front], y[front], where="post", color="#444444", linewidth=1.2, zorder=2)
        bound = np.array(figure.bound)[front] if figure.bound else np.full(len(front), len(COLOURS) - 1)
        for which in np.unique(bound):
            here = front[bound == which]
            words = f"front, bound by {GROUP_NAMES[which]}" if figure.bound else "front"
            style = {"color": COLOURS[which], "marker": MARKERS[which], "zorder": 3}
            axes.scatter(x[here], y[here], s=26, label=words, **style)
        axes.legend(framealpha=0.9)
    _scales(axes, figure.x.log, figure.y.log)
    axes.set_xlabel(_wrapped(figure.x.title, 90))
    axes.set_ylabel(figure.y.title)
    axes.grid(alpha=0.25, which="both", linewidth=0.5)


def _tornado(axes: Any, figure: Tornado) -> None:
    bars = figure.bars
    at = np.arange(len(bars))[::-1]
    lengths = np.array([bar.length for bar in bars])
    axes.barh(at, lengths, color=[COLOURS[1] if length > 0 else COLOURS[0] for length in lengths], height=0.7)
    for place, bar in zip(at, bars, strict=True):
        side = "left" if bar.length >= 0 else "right"
        offset = (3 if bar.length >= 0 else -3, 0)
        axes.annotate(f"{bar.length:+.3f}", (bar.length, place), offset, textcoords="offset points", ha=side,
                      va="center", fontsize=7)  # fmt: skip
    axes.set_yticks(at, [f"{bar.name}  {bar.text}" for bar in bars], fontsize=7)
    axes.axvline(0, color="#444444", linewidth=0.8)
    axes.margins(x=0.16)
    more = f" ({figure.hidden} smaller ones not shown)" if figure.hidden else ""
    axes.set_xlabel(f"% latency per % of the number{more}")
    axes.grid(alpha=0.25, axis="x", linewidth=0.5)


def _scales(axes: Any, x_log: bool, y_log: bool) -> None:
    """Logarithmic scales with plain numbers at their ticks."""
    for which, log, scale in ((axes.xaxis, x_log, axes.set_xscale), (axes.yaxis, y_log, axes.set_yscale)):
        if log:
            scale("log")
            _plain_ticks(which)


def _plain_ticks(axis: Any) -> None:
    """Numbers as people write them at 1, 2, 5, 10, ...; powers of ten would need the formula parser."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=9))
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def _label(value: Any) -> str:
    """A text as it is, a whole number whole, any other to three digits."""
    if isinstance(value, str):
        return value
    return number(value if abs(value - round(value)) < 1e-9 else float(f"{value:.3g}"))


def _wrapped(text: str, width: int) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, width)[:4])
