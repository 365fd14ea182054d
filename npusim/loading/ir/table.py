"""Which function translates which operation of OpenVINO: `@translates("Add")` on a function of a `Case`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from npusim.loading.registered import registered

if TYPE_CHECKING:
    from npusim.loading.ir.case import Case

Translation = Callable[["Case"], None]
TRANSLATIONS: dict[str, Translation] = {}
#: Looked at before any layer is translated: several layers that are one node.
PLANS: dict[str, Translation] = {}
Values = dict[int, Any]  # by the place of an input
Decision = Callable[["Case"], Values]
DECIDED: dict[str, Decision] = {}  # what the sizes at a layer's ports say of its inputs


class NothingFits(Exception):
    """The sizes at the ports contradict each other."""


def translates(*types: str) -> Callable[[Translation], Translation]:
    """Register how operations of these types become nodes of ONNX."""
    return registered(TRANSLATIONS, types, "a translation")


def plans(*types: str) -> Callable[[Translation], Translation]:
    """Register what is looked at in a whole net first: layers of these types may be one node with their neighbours."""
    return registered(PLANS, types, "a plan")


def decides(*types: str) -> Callable[[Decision], Decision]:
    """Register what the sizes of layers of these types say of constants whose .bin is not there."""
    return registered(DECIDED, types, "a rule for missing constants")
