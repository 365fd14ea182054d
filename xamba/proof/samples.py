"""Random inputs of many kinds: what one does not show, another does. The same for one seed and name.

Kinds of floats (see `KINDS`): ordinary N(0, 1); wide N(0, 100); large, of all magnitudes up to a million;
tiny, likewise up to 1e-4; half of them zero; nothing but zeros; the edges of the tables of either model and
beyond. Whole numbers are indices below the rows of their table, or the full range of a byte, or -8 to 7, and
in the kind "extreme" near an end of their type.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from npusim_xamba.text import quoted
from xamba.errors import BadArgument, BadModel
from xamba.facts.facts import Facts, facts_of
from xamba.proof.ranges import decides_a_size, index_bound, limits
from xamba.proof.sizes import check_dims, lengths, run_inputs, shape_of

KINDS = ("large", "with zeros", "ordinary", "table edges", "tiny", "wide", "all zero", "extreme")
Feeds = dict[str, np.ndarray]


def random_inputs(
    model: ir.Model,
    seed: int,
    dims: Mapping[str, int] | None = None,
    small_integers: bool = False,
    kind: str = "ordinary",
    edges: Sequence[float] = (),
    bound: Mapping[str, int] | None = None,
    turn: int = 0,
) -> Feeds:
    """One random array for every input; see the module's text for the kinds.

    Whole numbers are 0 or 1 where the name says mask (or with `small_integers`). dims: lengths of free
    dimensions as the user gives them; bound: all lengths, from `sizes.lengths` (its first if None).
    edges: breaks of tables, for the kind "table edges". turn: another draw of the same kind.
    """
    dims = dict(dims or {})
    check_dims(model, dims)
    bound = next(lengths(model, dims)) if bound is None else bound
    facts = facts_of(model)
    feeds = {}
    for value in run_inputs(model):
        shape, rng = shape_of(value, bound, dims), generator(value.name or "", seed)
        if kind != "ordinary" or turn:
            rng = generator(f"{value.name} {kind} {turn}", seed)
        feeds[value.name or ""] = _one(value, shape, rng, kind, small_integers, edges, facts)
    return feeds


def _one(
    value: ir.Value,
    shape: list[int],
    rng: np.random.Generator,
    kind: str,
    small: bool,
    edges: Sequence[float],
    facts: Facts,
) -> np.ndarray:
    dtype = value.dtype
    assert dtype is not None  # shape_of has refused it
    if dtype.is_floating_point():
        return _floats(rng, shape, kind, edges).astype(dtype.numpy())
    rows = index_bound(value, facts)
    if rows is not None:
        return np.asarray(rng.integers(0, rows, shape)).astype(dtype.numpy())
    mask = small or "mask" in (value.name or "").lower()
    if kind == "all zero" and dtype.is_integer():
        return np.zeros(shape, dtype.numpy())
    if kind == "extreme" and dtype.is_integer() and not mask and not decides_a_size(value):
        lowest, highest = limits(dtype)  # of one sign, so that sums overflow
        ends = (lowest, lowest // 2) if lowest < 0 and rng.integers(0, 2) else (highest // 2, highest)
        return np.asarray(rng.integers(*ends, shape, dtype=dtype.numpy(), endpoint=True))
    return random_array(rng, shape, dtype, mask)


def _floats(rng: np.random.Generator, shape: list[int], kind: str, edges: Sequence[float]) -> np.ndarray:
    normal = rng.standard_normal(shape)
    if kind == "wide":
        return normal * 10
    if kind == "large":
        return np.sign(normal) * 10 ** rng.uniform(0, 6, shape)
    if kind == "tiny":
        return np.sign(normal) * 10 ** rng.uniform(-9, -4, shape)
    if kind == "with zeros":
        return np.where(rng.integers(0, 2, shape) == 1, normal, 0.0)
    if kind == "all zero":
        return np.zeros(shape)
    if kind == "table edges" and edges:
        breaks = np.asarray(edges, np.float32)
        beyond = np.concatenate([breaks * 1.01, breaks * 1.5, breaks * 4])
        pool = np.concatenate(
            [
                breaks,
                np.nextafter(breaks, np.float32(-np.inf)),
                np.nextafter(breaks, np.float32(np.inf)),
                beyond,
            ]
        )
        return rng.choice(pool.astype(np.float64), shape)
    return normal


def generator(name: str, seed: int) -> np.random.Generator:
    """A generator that depends on a name and a seed only."""
    return np.random.default_rng([zlib.crc32(name.encode("utf-8", "surrogatepass")), seed])


def random_array(rng: np.random.Generator, shape: Any, dtype: ir.DataType, bits: bool) -> np.ndarray:
    """N(0, 1) for floats, coin flips for booleans, the full range of a byte, else -8 to 7."""
    if dtype == ir.DataType.BOOL:
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.is_floating_point():
        return rng.standard_normal(shape).astype(dtype.numpy())
    if dtype == ir.DataType.STRING or not dtype.is_integer():
        raise BadModel(f"no random data can be made for the type {dtype.name.lower()}")
    if dtype in (ir.DataType.UINT8, ir.DataType.INT8) and not bits:
        lowest, highest = limits(dtype)
        return np.asarray(rng.integers(lowest, highest + 1, shape)).astype(dtype.numpy())
    lowest = 0 if bits or dtype.name.startswith("U") else -8
    return np.asarray(rng.integers(lowest, 2 if bits else 8, shape)).astype(dtype.numpy())


def check_names(model: ir.Model, settings: Mapping[str, Any]) -> None:
    """Raises `BadArgument` for a name of `settings` that no input has."""
    names = {v.name for v in run_inputs(model) if v.dtype is not None}
    for name in settings:
        if name not in names:
            known = ", ".join(quoted(n) for n in sorted(map(str, names))) or "none"
            raise BadArgument(f"no input is called {quoted(name)} (inputs: {known})")


def fixed(model: ir.Model, feeds: Feeds, settings: Mapping[str, Any]) -> Feeds:
    """The inputs with those named in `settings` holding that number (or list), spread over their shape.

    Raises `BadArgument` for a name no input has, and for a list that does not fit.
    """
    check_names(model, settings)
    types = {v.name: v.dtype for v in run_inputs(model) if v.dtype is not None}
    done = dict(feeds)
    for name, number in settings.items():
        dtype = types[name]
        shape = feeds[name].shape
        try:
            done[name] = np.broadcast_to(np.array(number), shape).astype(dtype.numpy())
        except (ValueError, TypeError, OverflowError):
            raise BadArgument(
                f"{quoted(number)} does not fit the input {quoted(name)} of shape {list(shape)}"
            ) from None
    return done
