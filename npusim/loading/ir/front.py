"""The way of one file: net, translation, ModelProto."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any

import npusim.loading.ir as room
from npusim.loading.ir.constants import beside
from npusim.loading.ir.decided import is_static
from npusim.loading.ir.reader import read_net
from npusim.loading.ir.state import States, only_reorder, states_of
from npusim.loading.ir.table import TRANSLATIONS, Translation
from npusim.loading.ir.translator import Shared, Translator
from npusim.messages import messages

OPSET = 23  # of the ONNX operations that layers become: the first with Attention


def translations() -> dict[str, Translation]:
    """Every translation by its operation: all `ops_*` of this folder are imported, and what sizes decide."""
    for module in pkgutil.iter_modules(room.__path__):
        if module.name.startswith(("ops_", "weights", "decided_")):
            import_module(f"{room.__name__}.{module.name}")
    return TRANSLATIONS


def model_of(path: str) -> tuple[Any, tuple[str, ...]]:
    """The ModelProto of the OpenVINO IR at `path`, and what is to be said of it. Constants stay in the .bin.

    Raises `BadModel` for what cannot be read or translated, `TooLarge` beyond the reader's bounds.
    """
    translations()
    net = read_net(path)
    states = states_of(net)
    states.beams = only_reorder(net) if states.variables else set()
    model = messages().ModelProto(ir_version=10, producer_name="OpenVINO")
    model.opset_import.add(domain="", version=OPSET)
    model.opset_import.add(domain="com.microsoft", version=1)
    model.opset_import.add(domain="org.openvinotoolkit", version=1)
    constants = beside(path)
    try:
        shared = Shared(constants, states, decides=constants.size is None and is_static(net))
        model.graph.CopyFrom(Translator(net, shared).translate())
    finally:
        constants.close()
    return model, (*notes(states), *guessed(shared))


def notes(states: States) -> tuple[str, ...]:
    """What the user should know of states."""
    count = len(states.variables)
    if not count:
        return ()
    beams = "; the order of beams, which the host changes, is left out" if states.beams else ""
    return (
        f"{count} states are inputs and outputs of the graph, as Intel's pipeline makes a model stateless before it "
        f"compiles{beams}",
    )


NAMED = 3  # guesses in one sentence


def guessed(shared: Shared) -> tuple[str, ...]:
    """What the sizes left open where the .bin is missing."""
    doubts = list(dict.fromkeys(shared.doubts))
    if not doubts:
        return ()
    more = f" and {len(doubts) - NAMED} more" if len(doubts) > NAMED else ""
    return (
        f"'{shared.bin.name}' is not there: what small constants hold follows from the sizes, and is guessed where "
        f"several values fit: {', '.join(doubts[:NAMED])}{more}",
    )
