"""Weights and other constants of the file, as tensors whose value is kept or not."""

from __future__ import annotations

from typing import Any

import numpy as np

from npusim.errors import BadModel
from npusim.graph import Value
from npusim.loading import tensors
from npusim.loading.builder import Builder, Scope
from npusim.loading.filled import all_true
from npusim.loading.tensors import dtype_of
from npusim.loading.zeros import found_zeros


def take_initializers(builder: Builder, scope: Scope, graph: Any) -> None:
    """Add the weights of a graph as constants."""
    for proto in graph.initializer:
        if not proto.name:
            raise BadModel("an initializer has no name")
        add_constant(builder, builder.define(scope, proto.name), proto)
    for sparse in graph.sparse_initializer:
        add_sparse(builder, builder.define(scope, sparse.values.name), sparse)


def add_constant(builder: Builder, name: str, proto: Any) -> None:
    dtype, shape = dtype_of(proto.data_type), tensors.shape_of(proto)
    data = tensors.small_data(proto, builder.folder)
    if data is not None and not isinstance(data, np.ndarray):
        builder.lazy[name] = data
        data = None
    elif data is None and all_true(proto, builder.folder):
        builder.env[name] = Value(name, shape, dtype, True, number=True)
        return
    builder.env[name] = Value(name, shape, dtype, True, data, found_zeros(proto, builder.folder))


def add_sparse(builder: Builder, name: str, sparse: Any) -> None:
    builder.env[name] = Value(name, tuple(sparse.dims), dtype_of(sparse.values.data_type), True, None)
