"""The blocks of a store on Dask workers: a LocalCluster, or a scheduler somewhere.

A worker gets the question once (by a plugin, so that restarted workers get it too), computes blocks and writes
them to the store; only this process sets markers. A worker that dies costs the block it was working on."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from npusim.errors import NpusimError
from npusim.sweeping.dataset import require
from npusim.sweeping.question import Question
from npusim.sweeping.store import Store

TIMEOUT_S = 5.0
_RETRIES = 3  # tries of a block that failed for a reason that may pass
#: Dask tells workers to give memory back at once; they would fetch it again for every array (twice the time).
_MALLOC = "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_"
_KEEP_BYTES = 1 << 28

_questions: dict[str, Question] = {}
_opened: dict[tuple[int, str, str], Store] = {}


class NoScheduler(NpusimError):
    """No Dask scheduler answers at the address."""


class WorkerLost(NpusimError):
    """Workers died again and again on one block."""


@contextmanager
def connected(workers: int | None, scheduler: str | None) -> Iterator[Any]:
    """A client of a running scheduler, or of a LocalCluster of `workers` processes that ends with the block.

    Raises NoScheduler if the scheduler does not answer."""
    distributed = require("distributed", "distributed")
    if scheduler is None:
        import dask

        with (
            dask.config.set({_MALLOC: _KEEP_BYTES}),
            distributed.LocalCluster(
                n_workers=workers or 1,
                threads_per_worker=1,
                dashboard_address=None,
                memory_limit=0,
                silence_logs=50,
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client
        return
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        asyncio.run(_greet(scheduler))
        client = distributed.Client(scheduler, timeout=TIMEOUT_S)
    except Exception as error:  # what answers may be no Dask at all, and then Dask stumbles over anything
        if isinstance(error, OSError | TimeoutError):
            reason = f"no answer within {TIMEOUT_S:g} s"
        elif isinstance(error, ValueError | TypeError):
            reason = f"no address of a scheduler ({error})"
        else:
            reason = f"what answers there is no Dask scheduler ({type(error).__name__})"
        raise NoScheduler(
            f"'{scheduler}': {reason}; start one with `dask scheduler`, or use --workers N"
        ) from None
    with client:
        yield client


async def _greet(address: str) -> None:
    """Shake hands with a scheduler. A Client waits for ever where something accepts and says nothing."""
    from distributed.comm.core import connect

    comm = await asyncio.wait_for(connect(address, timeout=TIMEOUT_S), TIMEOUT_S)  # type: ignore[no-untyped-call]
    comm.abort()


def run_blocks(
    client: Any, store: Store, todo: list[int], done: Callable[[int, dict[str, int]], None]
) -> None:
    """Compute the blocks `todo` on the client's workers.

    `done(index, misfits)` is called here for each finished block. Raises NoScheduler, WorkerLost, BadOutput."""
    distributed = require("distributed", "distributed")
    path = os.path.abspath(store.path)  # workers may have been started elsewhere
    name = f"npusim-{store.question.fingerprint()[:16]}"
    client.register_plugin(
        _plugin(distributed, name, store.question, local=client.cluster is not None), name=name
    )
    blocks = {client.submit(compute_block, name, path, i, pure=False, retries=_RETRIES): i for i in todo}
    try:
        for future in distributed.as_completed(list(blocks)):
            index = blocks.pop(future)
            try:
                done(index, future.result())
            except distributed.KilledWorker:
                raise WorkerLost(
                    f"block {index} lost one worker after the other, for want of memory perhaps; finished "
                    "blocks are kept: go on with --resume"
                ) from None
            except (distributed.CancelledError, distributed.comm.core.CommClosedError):
                raise NoScheduler(
                    "the scheduler went away; finished blocks are kept: go on with --resume"
                ) from None
    finally:
        if client.cluster is None:  # somebody's scheduler: leave nothing behind there
            with suppress(Exception):
                client.cancel(list(blocks))
                client.unregister_worker_plugin(name)


def compute_block(name: str, path: str, index: int) -> dict[str, int]:
    """In a worker: one block of the question `name`, written to the store."""
    key = (threading.get_ident(), name, path)
    if key not in _opened:
        _opened[key] = Store.open(path, _questions[name])
    return _opened[key].compute(index)


def _plugin(distributed: Any, name: str, question: Question, local: bool) -> Any:
    class GiveQuestion(distributed.WorkerPlugin):  # type: ignore[misc]
        """Puts the question where `compute_block` finds it."""

        def setup(self, worker: Any) -> None:
            from npusim.sweeping import cluster

            cluster._questions[name] = question
            if local:  # Ctrl-C reaches every process of a terminal; ours ends the workers in order
                signal.signal(signal.SIGINT, signal.SIG_IGN)

        def teardown(self, worker: Any) -> None:
            from npusim.sweeping import cluster

            cluster._questions.pop(name, None)

    return GiveQuestion()
