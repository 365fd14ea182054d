"""Changes of an OpenVINO IR that keep it XML: attributes, sizes, types, edges; elements gone, twice, elsewhere."""

from __future__ import annotations

from copy import deepcopy
from xml.etree import ElementTree

from npusim.loading.ir.operations import OPSET_OF
from tests.fuzzing.mutations import Pick, one

VALUES = (
    "", "0", "1", "-1", "2", "3", "64", "-9", "1e9", "99999999999", "9" * 30, "1, 2", "0,0,0,0", "1.5", "nan", "true",
    "false", "f16", "i4", "u8", "nf4", "q7", "?", "...", "1..9", "x", "\u202ex", "y" * 3000, "numpy", "explicit",
)  # fmt: skip
TYPES = tuple(OPSET_OF)


def changed_net(content: bytes, pick: Pick) -> bytes:
    """The file with one to four changes; sometimes a piece of the text is cut out as well."""
    root = ElementTree.fromstring(content)
    for _ in range(1 + pick(4)):
        change(root, pick)
    text = ElementTree.tostring(root)
    if pick(20) == 19:
        at = pick(len(text))
        text = text[:at] + text[at + pick(40) :]
    return text


def change(root: ElementTree.Element, pick: Pick) -> None:
    parents = [e for e in root.iter() if len(e)]
    if not parents:
        return
    parent = one(parents, pick)
    place = pick(len(parent))
    child, how = parent[place], pick(8)
    if how == 0:
        del parent[place]
    elif how == 1:
        parent.insert(place, deepcopy(child))
    elif how == 2:
        one(parents, pick).append(deepcopy(child))  # elsewhere as well
    elif how == 3 and child.text and child.text.strip():
        child.text = one(VALUES, pick)
    elif child.attrib:
        name = one(tuple(child.attrib), pick)
        if name == "type" and pick(3):
            child.set(name, one(TYPES, pick))
        elif name == "type" or how < 6:
            child.set(name, one(VALUES, pick))
        else:
            del child.attrib[name]
