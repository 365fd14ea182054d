"""The rules: each looks at one run and gives a sentence with numbers and the command that does it, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from npusim.advice.asked import Asked
from npusim.advice.rewritten import with_products
from npusim.compiler.rules.profile import load_profile
from npusim.report.record import Advice, NodeReport
from npusim.report.words import SHORT_NAMES
from npusim.terminal.units import digits, nbytes, share, time

LEAST_SHARE = 0.02  # of the latency: less is not worth a sentence
INT8_SHARE = 0.1  # the same of a quantised version, which is work
NEWEST = "2026-measured"  # the prices of 2024.12: what is saved is the plan's
ACTIVATIONS = (
    "Sigmoid",
    "Swish",
    "Silu",
    "Softplus",
    "Gelu",
    "Mish",
    "HardSwish",
    "Tanh",
    "Exp",
    "Elu",
    "Selu",
)
NAMED = 50  # nodes a record names
#: Of `fusion.patterns` (npusim.compiler.fuse.shared_heads).
AS_REPEATED, ONCE = "shared_heads_as_repeated", "shared_heads"


def _rewrite(asked: Asked, name: str, op_types: tuple[str, ...], makes: str) -> Advice | None:
    """What the nodes as products would save. A product takes a step at least, so it is not planned where the nodes take
    hardly longer."""
    nodes = asked.nodes(*op_types)
    part = asked.share(nodes)
    if asked.above_steps_us(nodes) < LEAST_SHARE * asked.report.latency_us:
        return None
    graph, count = with_products(asked.graph, op_types)
    saves = asked.saving(LEAST_SHARE, graph=graph) if count else None
    if saves is None:
        return None
    sentence = (
        f"{_percent(part)} of the time is {_counted(nodes)}{_where(nodes)}: {name} makes {makes} of "
        f"{'it' if count == 1 else 'them'}, predicted to save {saves}"
    )
    command = f"xamba optimize MODEL -o {name.lower()}.onnx --passes {name.lower()}"
    return Advice(name.lower(), sentence, command, saves.us, part, _names(nodes), saves.band_us)


def cumba(asked: Asked) -> Advice | None:
    """Running sums as products with a triangular mask."""
    return _rewrite(asked, "CumBA", ("CumSum",), "products with a triangular mask")


def reduba(asked: Asked) -> Advice | None:
    """Sums as products with ones."""
    return _rewrite(asked, "ReduBA", ("ReduceSum",), "products with ones")


def repeated_keys(asked: Asked) -> Advice | None:
    """Heads of keys that could be read once, were they not scaled behind their repetition, where Intel's compiler 8.4
    writes them out (torch exports of SDPA with fewer heads of keys than of queries). Planned again only where a
    repetition is left in the plan."""
    fusion, nodes = asked.profile.fusion, asked.nodes("Expand", "Tile")
    if AS_REPEATED not in fusion.patterns or not nodes:
        return None
    once = tuple(ONCE if name == AS_REPEATED else name for name in fusion.patterns)
    saves = asked.saving(LEAST_SHARE, profile=replace(asked.profile, fusion=replace(fusion, patterns=once)))
    if saves is None:
        return None
    many = (
        "one repetition of heads is" if len(nodes) == 1 else f"{digits(len(nodes))} repetitions of heads are"
    )
    sentence = (
        f"{many} written to DDR, since keys are multiplied behind them: multiply the queries, or "
        f"the scores, and heads are read once, predicted to save {saves}"
    )
    command = f"npusim run MODEL --compiler {NEWEST}"
    return Advice("heads", sentence, command, saves.us, asked.share(nodes), _names(nodes), saves.band_us)


def activations(asked: Asked) -> Advice | None:
    """Activations that run as DSP kernels."""
    nodes = asked.nodes(*ACTIVATIONS, engine="dsp")
    part = asked.share(nodes)
    if part < LEAST_SHARE:
        return None
    sentence = (
        f"{_percent(part)} of the time is {_counted(nodes)}{_where(nodes)}: ActiBA makes tables of "
        f"{'it' if len(nodes) == 1 else 'them'}, within an error you choose, wherever it is predicted to pay"
    )
    command = f"xamba optimize MODEL -o actiba.onnx --for {asked.hw.name} --passes actiba --max-error 0.01"
    return Advice("actiba", sentence, command, 0.0, part, _names(nodes))


def transfers(asked: Asked) -> Advice | None:
    """Nodes that wait for their transfers."""
    nodes = [n for n in asked.nodes() if n.bound_by == "dma" and n.critical_us > 0]
    part = asked.share(nodes)
    faster = next((w for w in asked.report.what_if if w.name.startswith("DMA")), None)
    if part < LEAST_SHARE or faster is None:
        return None
    moved = sum(n.bytes_moved for n in nodes)
    macs = sum(n.macs for n in nodes)
    a_mac = f", {digits(moved / macs)} bytes a MAC" if macs else ""
    brings = asked.report.latency_us - faster.latency_us
    sentence = (
        f"{_percent(part)} of the time {_layers(nodes)} for transfers: {nbytes(moved)} moved{a_mac}; "
        f"DMA and DDR twice as fast would save {time(max(0.0, brings))}, smaller weights save bytes"
    )
    sweep = "npusim sweep MODEL --vary ddr.bandwidth_gb_per_s=50:200:16 -o ddr.csv"
    return Advice("transfers", sentence, sweep, 0.0, part, _names(nodes))


def precision(asked: Asked) -> Advice | None:
    """What a quantised version would take.

    It halves bytes and doubles the rate of the MAC array; kernels of the DSPs, waits for dispatch and the latency of
    transfers gain nothing. So it is not planned where less than three times the part that is worth telling is work of
    the others: of 125 runs of exported networks on three NPUs, none of those gained more than 4 %."""
    whole = asked.report.latency_us
    outside, work = asked.work_us()
    if asked.plan.precision != "fp16" or outside < 0.5 * whole or work < 3 * INT8_SHARE * whole:
        return None
    saves = asked.saving(INT8_SHARE, precision="int8")
    if saves is None:
        return None
    sentence = f"as int8 it would take {time(whole - saves.us)}: quantising is predicted to save {saves}"
    command = "npusim run MODEL --precision int8"
    return Advice("int8", sentence, command, saves.us, saves.us / whole, (), saves.band_us)


def launches(asked: Asked) -> Advice | None:
    """Fixed cost of many small ops."""
    nodes = [n for n in asked.nodes() if n.bound_by in ("launch", "step") and n.critical_us > 0]
    part = asked.share(nodes)
    if part < LEAST_SHARE or len(nodes) < 2:
        return None
    free = next((w for w in asked.report.what_if if w.name.startswith("launches")), None)
    brings = asked.report.latency_us - free.latency_us if free else 0.0
    sentence = (
        f"{_percent(part)} of the time is {len(nodes)} small ops that mostly launch, {time(brings)} of fixed cost "
        "in the whole run: fewer, larger ops"
    )
    command = f"xamba optimize MODEL -o fewer.onnx --for {asked.hw.name}"
    return Advice("launches", sentence, command, 0.0, part, _names(nodes))


def compiler(asked: Asked) -> Advice | None:
    """A newer release of Intel's compiler."""
    if not asked.plan.compiler.startswith("2024"):
        return None
    whole = asked.report.latency_us
    saves = asked.saving(LEAST_SHARE, profile=load_profile(NEWEST))
    if saves is None:
        return None
    sentence = f"compiler {NEWEST} in place of {asked.plan.compiler} is predicted to save {saves}"
    command = f"npusim run MODEL --compiler {NEWEST}"
    return Advice("compiler", sentence, command, saves.us, saves.us / whole, (), saves.band_us)


def sources(asked: Asked) -> Advice | None:
    """Time that rests on numbers nobody has published."""
    part = sum(asked.report.coverage.get(kind, {}).get("time", 0.0) for kind in ("assumed", "unknown"))
    if part < 0.1:
        return None
    sentence = (
        f"{_percent(part)} of the time rests on assumed numbers: a profile of a real NPU, or of Intel's compiler, "
        "settles them"
    )
    return Advice("sources", sentence, "npusim crosscheck MODEL --report PROFILE", 0.0, part)


RULES: tuple[Callable[[Asked], Advice | None], ...] = (
    cumba, reduba, repeated_keys, activations, transfers, precision, launches, compiler, sources,
)  # fmt: skip


def _percent(part: float) -> str:
    return f"{share(part, 1.0).removesuffix('%')} %"


def _counted(nodes: Sequence[NodeReport]) -> str:
    kinds = list(dict.fromkeys(n.op_type for n in nodes))
    what = kinds[0] if len(kinds) == 1 else f"{', '.join(kinds[:3])}"
    return f"one {what}" if len(nodes) == 1 else f"{len(nodes)} {what}"


def _layers(nodes: Sequence[NodeReport]) -> str:
    return "one layer waits" if len(nodes) == 1 else f"{len(nodes)} layers wait"


def _where(nodes: Sequence[NodeReport]) -> str:
    """' on one DSP', ' on the MAC array': of the node that moves the end most."""
    first = nodes[0]
    if first.engine != "dsp":
        return (
            f" on the {SHORT_NAMES.get(first.engine, first.engine)} array"
            if first.engine == "mac_array"
            else ""
        )
    return " on one DSP" if first.split in ("", "none") else f" on {first.split}"


def _names(nodes: Sequence[NodeReport]) -> tuple[str, ...]:
    return tuple(n.name for n in nodes[:NAMED])
