"""Through which ops an index passes on its way to the table it looks up, for inputs that make sense to a model."""

_KEPT = frozenset(
    (
        "Cast", "Identity", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Slice", "Expand", "Transpose", "Tile",
        "Concat", "Split",
    )
)  # fmt: skip


def passes_index(op_type: str, place: int) -> bool:
    """Whether whole numbers at this operand (by its place) of an op of ONNX's own come out of it as they are."""
    return op_type in _KEPT and (place == 0 or op_type == "Concat")
