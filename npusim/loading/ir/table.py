"""Which function translates which operation of OpenVINO: `@translates("Add")` on a function of a `Case`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from npusim.loading.ir.case import Case

Translation = Callable[["Case"], None]
TRANSLATIONS: dict[str, Translation] = {}
PLANS: dict[
    str, Translation
] = {}  # looked at before any layer is translated: several layers that are one node


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
