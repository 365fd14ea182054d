"""A sweep on disk while it grows: a Zarr folder, one region a block, one marker a finished block.

A block's chunks are written by one writer and each atomically; its marker (in the group `progress`) only after
that. So a run that was killed can go on, and what is there can be read at any time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from npusim.errors import BadArgument, BadOutput
from npusim.sweeping.dataset import VARIABLES, coordinates, labels, require
from npusim.sweeping.question import Question, Tell

_BEGUN = ".begun"  # what a store is called until it is whole
_FORMAT = 2  # of Zarr: the third has no settled form for text yet


class Store:
    """The folder `path`, holding (some of) the answer to `question`."""

    def __init__(self, path: str, question: Question, block_points: int, group: Any) -> None:
        self.path, self.question, self.group = path, question, group
        self.blocks = list(question.design.blocks(block_points))

    @classmethod
    def create(cls, path: str, question: Question, block_points: int) -> Store:
        """A new store: names, units, coordinates, no answers yet. Raises BadOutput; then no folder is left."""
        xarray, zarr = require("xarray"), require("zarr")
        if os.path.lexists(path):
            raise BadOutput(
                f"'{path}' is there already; go on with it (--resume), remove it, or name another"
            )
        design = question.design
        block_points = min(block_points, design.total)
        begun = f"{path}{_BEGUN}"  # whole or not there: a run killed while it begins leaves nothing at `path`
        try:
            with writing(path):
                shutil.rmtree(begun, ignore_errors=True)
                coords = coordinates(design) | labels(question)
                start = xarray.Dataset(coords=coords, attrs=question.attributes())
                start.to_zarr(begun, mode="w-", zarr_format=_FORMAT, consolidated=False)
                group = zarr.open_group(begun, mode="r+", zarr_format=_FORMAT)
                chunks = design.chunks(block_points)
                _create_arrays(group, question, chunks)
                store = cls(path, question, block_points, group)
                progress = group.create_group("progress")
                progress.create_array(
                    "done", shape=(len(store.blocks),), chunks=(1,), dtype="u1", fill_value=0
                )
                progress.attrs.update({"question": question.fingerprint(), "block_points": block_points})
                zarr.consolidate_metadata(group.store)
                os.rename(begun, path)
                store.group = zarr.open_group(path, mode="r+", zarr_format=_FORMAT)
        except BaseException:
            shutil.rmtree(begun, ignore_errors=True)
            raise
        return store

    @classmethod
    def open(cls, path: str, question: Question) -> Store:
        """An unfinished (or finished) store of the same question. Raises BadArgument if it is another's."""
        zarr = require("zarr")
        try:
            group = zarr.open_group(path, mode="r+", zarr_format=_FORMAT)
            about = dict(group["progress"].attrs)
        except Exception:  # zarr has many ways to say that a folder is none of its own
            raise BadArgument(
                f"'{path}' is no sweep that could be resumed; name another, or remove it"
            ) from None
        if about.get("question") != question.fingerprint():
            raise BadArgument(
                f"'{path}' answers another question (models, hardware, --vary, points, seed or version differ); "
                "ask the same one, or name another file"
            )
        return cls(path, question, int(about["block_points"]), group)

    def todo(self) -> list[int]:
        """Numbers of the blocks without a marker."""
        return np.flatnonzero(self.group["progress/done"][:] == 0).tolist()

    def size(self, index: int) -> int:
        """Points times models of a block."""
        points = int(np.prod([s.stop - s.start for s in self.blocks[index]]))
        return points * len(self.question.graphs)

    def compute(self, index: int, tell: Tell = lambda done: None) -> dict[str, int]:
        """Answer a block and write it; returns the misfits met (see `Question.misfits`). Can be done again."""
        question, block = self.question, self.blocks[index]
        before = question.misfits()
        answers = question.answers(block, tell)
        lead = (slice(None),) if question.several else ()
        with writing(self.path):
            for name, values in question.arrays(block, answers).items():
                extra = tuple(slice(None) for _ in question.variables[name][0])
                self.group[name][(*extra, *lead, *block)] = values
            if question.design.points is not None:
                for name, values in question.design.parameters(block).items():
                    self.group[name][block] = values
        return {k: n - before.get(k, 0) for k, n in question.misfits().items() if n > before.get(k, 0)}

    def mark(self, index: int, misfits: dict[str, int]) -> None:
        """Note a block as finished, after its data."""
        with writing(self.path):
            if misfits:
                noted = dict(self.group.attrs.get("does_not_fit", {}))
                for sentence, count in misfits.items():
                    noted[sentence] = noted.get(sentence, 0) + count
                self.group.attrs["does_not_fit"] = noted
            self.group["progress/done"][index : index + 1] = 1

    def finish(self) -> dict[str, int]:
        """Bring the collected metadata up to date; returns all misfits."""
        with writing(self.path):
            require("zarr").consolidate_metadata(self.group.store)
        return dict(self.group.attrs.get("does_not_fit", {}))


def _create_arrays(group: Any, question: Question, chunks: tuple[int, ...]) -> None:
    lead = (len(question.graphs),) if question.several else ()
    for name, (extra, kind) in question.variables.items():
        before = tuple(group[dim].shape[0] for dim in extra)
        group.create_array(
            name,
            shape=(*before, *question.shape),
            chunks=(*before, *lead, *chunks),
            dtype=kind,
            fill_value=np.nan if kind.kind == "f" else None,  # a number would be read as "missing"
            attributes={"_ARRAY_DIMENSIONS": [*extra, *question.dims], **VARIABLES[name]},
        )
    if question.design.points is None:
        return
    sample = question.design.parameters((slice(0, 1),))
    for axis in question.design.axes:
        values = sample[axis.name]
        group.create_array(
            axis.name,
            shape=(question.design.points,),
            chunks=chunks,
            dtype=np.dtypes.StringDType() if values.dtype.kind == "U" else values.dtype,
            fill_value=np.nan if values.dtype.kind == "f" else None,
            attributes={"_ARRAY_DIMENSIONS": ["point"], "units": axis.unit},
        )
    group.attrs["coordinates"] = " ".join(axis.name for axis in question.design.axes)


@contextmanager
def writing(path: str) -> Iterator[None]:
    """Errors of the disk as BadOutput."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadOutput(
            f"cannot write '{path}': {reason}; finished blocks stay readable, --resume goes on"
        ) from None


def read(path: str) -> Any:
    """The dataset of a store, lazily."""
    return require("xarray").open_zarr(path, chunks=None)
