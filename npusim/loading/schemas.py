"""What ONNX says a node must look like: attribute types, required attributes, number of inputs.

One guard for all rules, of shapes and of costs: behind it an attribute has the type its op defines, so a rule
may compute with it. ONNX's own ops are looked up in the `onnx` package, ONNX Runtime's in `contrib_schemas`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

MICROSOFT = "com.microsoft"


class Schema(NamedTuple):
    """Least number of inputs, type letter by attribute, and the attributes that must be there."""

    least_inputs: int
    types: dict[str, str]
    required: tuple[str, ...]


# AttributeProto types as letters; capitals are lists. Others (graphs, sparse tensors, types) are 'x': not checked.
LETTERS = {"FLOAT": "f", "INT": "i", "STRING": "s", "TENSOR": "t", "FLOATS": "F", "INTS": "I", "STRINGS": "S"}
WORDS = {
    "f": "a number", "i": "a whole number", "s": "a text", "t": "a tensor",
    "F": "numbers", "I": "whole numbers", "S": "texts",
}  # fmt: skip


# Lists that say nothing when they are empty; every rule has its default for one that is not there.
EMPTY_IS_ABSENT = frozenset(
    {"perm", "pads", "strides", "dilations", "kernel_shape", "output_padding", "output_shape"}
)


# Attributes that mean the same in every op of ONNX's own that has them. A node with no others needs no look into the
# `onnx` package, which costs more to import than a small network to read.
COMMON = {
    "axis": "i", "axes": "I", "perm": "I", "kernel_shape": "I", "strides": "I", "pads": "I", "dilations": "I",
    "group": "i", "auto_pad": "s", "keepdims": "i", "alpha": "f", "beta": "f", "epsilon": "f", "transA": "i",
    "transB": "i", "to": "i", "mode": "s", "ceil_mode": "i", "count_include_pad": "i",
    "momentum": "f", "block_size": "i", "training_mode": "i", "spatial": "i", "allowzero": "i", "start": "i",
    "end": "i", "storage_order": "i", "noop_with_empty_axes": "i", "exclusive": "i", "reverse": "i", "stash_type": "i",
    "fmod": "i", "upper": "i", "approximate": "s", "largest": "i", "sorted": "i",
    "num_outputs": "i", "equation": "s",
}  # fmt: skip


def _all(kinds: type | tuple[type, ...]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, tuple) and all(isinstance(item, kinds) for item in value)


FITS: dict[str, Callable[[Any], bool]] = {
    "f": lambda value: isinstance(value, (int, float)),
    "i": lambda value: isinstance(value, int),
    "s": lambda value: isinstance(value, str),
    "t": lambda value: isinstance(value, np.ndarray) or hasattr(value, "data_type"),
    "F": _all((int, float)),
    "I": _all(int),
    "S": _all(str),
}


def checked_attributes(
    kind: str, domain: str, opset: int, inputs: int, attributes: dict[str, Any], warn: Callable[[str], None]
) -> dict[str, Any]:
    """The attributes, fit for a rule. Raises `ValueError` where the node contradicts its op's definition.

    A single number where the op takes several becomes a tuple of one. A name that the op does not have, in any
    opset, is left out with a warning, so that no rule stumbles over it.
    """
    if not domain and inputs and all(_is_common(kind, n, v) for n, v in attributes.items()):
        return attributes
    schema = schema_of(kind, domain, opset)
    if schema is None:
        return attributes
    if inputs < schema.least_inputs:
        raise ValueError(f"it has {inputs} inputs, {schema.least_inputs} at least are needed")
    result = attributes
    for name, value in attributes.items():
        letter = schema.types.get(name) or _in_another_opset(kind, domain, name)
        if letter is None:
            result = {n: v for n, v in result.items() if n != name}
            warn(f"has an attribute '{name}', which {kind} does not know; it is ignored")
        elif isinstance(value, tuple) and not value and name in EMPTY_IS_ABSENT:
            result = {n: v for n, v in result.items() if n != name}
        elif letter in FITS and not FITS[letter](value):
            if letter in "FIS" and FITS[letter.lower()](value):
                result = {**result, name: (value,)}
            else:
                raise ValueError(f"its attribute '{name}' must be {WORDS[letter]}, not {_shown(value)}")
    for name in schema.required:
        if name not in result:
            raise ValueError(f"its attribute '{name}' is missing")
    return result


def _is_common(kind: str, name: str, value: Any) -> bool:
    if name == "value" and kind == "ConstantOfShape":  # of others it may be a number
        return FITS["t"](value)
    return name in COMMON and FITS[COMMON[name]](value) and value != ()


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, (str, int, float, tuple)) else f"of type {type(value).__name__}"
    return text if len(text) <= 40 else text[:40] + "..."


def _type_name(attribute: Any) -> str:
    return str(attribute.type.name)


@cache
def schema_of(kind: str, domain: str, opset: int) -> Schema | None:
    """The definition of an op, None if nobody has one."""
    if domain == MICROSOFT:
        from npusim.loading.contrib_schemas import CONTRIB

        if kind not in CONTRIB:
            return None
        least, _, _, text = CONTRIB[kind]
        pairs = [item.split(":") for item in text.split()]
        types = {name: letter[0] for name, letter in pairs}
        return Schema(least, types, tuple(name for name, letter in pairs if letter.endswith("!")))
    from onnx import defs

    try:
        schema = defs.get_schema(kind, opset, domain)
    except (defs.SchemaError, TypeError):
        return None
    attributes = schema.attributes
    types = {name: LETTERS.get(_type_name(a), "x") for name, a in attributes.items()}
    return Schema(schema.min_input, types, tuple(name for name, a in attributes.items() if a.required))


@cache
def _in_another_opset(kind: str, domain: str, name: str) -> str | None:
    """The type letter of an attribute that an older or newer version of the op has."""
    if domain == MICROSOFT:
        return None
    from onnx import defs

    version = defs.onnx_opset_version() if not domain else 2**31 - 1
    while True:
        try:
            schema = defs.get_schema(kind, version, domain)
        except (defs.SchemaError, TypeError):
            return None
        if name in schema.attributes:
            return LETTERS.get(_type_name(schema.attributes[name]), "x")
        version = schema.since_version - 1


@cache
def type_not_allowed(kind: str, opset: int, labels: tuple[str, ...]) -> str:
    """What is wrong with the element types of a node of ONNX's own ops ('' for a missing input), empty if nothing.

    Runtimes and Intel's compiler refuse such a node; its price is what its bytes would cost.
    """
    if opset >= USUAL_FROM and _is_usual(kind, labels):
        return ""
    from onnx import defs

    try:
        schema = defs.get_schema(kind, opset, "")
    except (defs.SchemaError, TypeError):
        return ""
    for index, label in enumerate(labels):
        if not label or not schema.inputs:
            continue
        allowed = schema.inputs[min(index, len(schema.inputs) - 1)].types
        if ONNX_SPELLING.get(label, label) not in {
            t.removeprefix("tensor(").removesuffix(")") for t in allowed
        }:
            return f"ONNX allows no {label} as input {index} of {kind} in opset {opset}"
    return ""


def _is_usual(kind: str, labels: tuple[str, ...]) -> bool:
    allowed = USUAL.get(kind, ())
    return len(labels) <= len(allowed) and all(
        label in some for label, some in zip(labels, allowed, strict=False)
    )


UNUSUAL = frozenset({"bool", "string", "complex64", "complex128"})  # types that ops are most often without
# Types that ONNX allows in every opset from `USUAL_FROM` on, operand by operand, of ops that pass on or read masks:
# what nearly every network has. As with `COMMON`, a node of these needs no look into the `onnx` package.
USUAL_FROM = 11
_ANY = frozenset({"float32", "float16", "bool", "int32", "int64"})
_INT64, _INDEX, _BOOL = frozenset({"int64"}), frozenset({"int32", "int64"}), frozenset({"bool"})
USUAL = {
    "Where": (_BOOL, _ANY, _ANY), "And": (_BOOL, _BOOL), "Or": (_BOOL, _BOOL), "Xor": (_BOOL, _BOOL), "Not": (_BOOL,),
    "Cast": (_ANY,), "Identity": (_ANY,), "Shape": (_ANY,), "Flatten": (_ANY,), "Transpose": (_ANY,),
    "Reshape": (_ANY, _INT64), "Expand": (_ANY, _INT64), "Tile": (_ANY, _INT64), "Gather": (_ANY, _INDEX),
    "Squeeze": (_ANY, _INT64), "Unsqueeze": (_ANY, _INT64), "Slice": (_ANY, _INDEX, _INDEX, _INDEX, _INDEX),
}  # fmt: skip
ONNX_SPELLING = {"float32": "float", "float64": "double"}
