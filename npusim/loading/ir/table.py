"""Which function translates which operation of OpenVINO: `@translates("Add")` on a function of a `Case`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from npusim.loading.ir.case import Case

Translation = Callable[["Case"], None]
TRANSLATIONS: dict[str, Translation] = {}
PLANS: dict[
    str, Translation
] = {}  # looked at before any layer is translated: several layers that are one node
Values = dict[int, Any]  # by the place of an input
DECIDED: dict[str, Callable[[Case], Values]] = {}  # what the sizes at a layer's ports say of its inputs


class NothingFits(Exception):
    """The sizes at the ports contradict each other."""


def translates(*types: str) -> Callable[[Translation], Translation]:
    """Register how operations of these types become nodes of ONNX."""

    def register(function: Translation) -> Translation:
        for name in types:
            TRANSLATIONS[name] = function
        return function

    return register


def plans(*types: str) -> Callable[[Translation], Translation]:
    """Register what is looked at in a whole net first: layers of these types may be one node with their neighbours."""

    def register(function: Translation) -> Translation:
        for name in types:
            PLANS[name] = function
        return function

    return register


def decides(*types: str) -> Callable[[Callable[[Case], Values]], Callable[[Case], Values]]:
    """Register what the sizes of layers of these types say of constants whose .bin is not there."""

    def register(function: Callable[[Case], Values]) -> Callable[[Case], Values]:
        DECIDED.update(dict.fromkeys(types, function))
        return function

    return register
