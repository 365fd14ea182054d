"""Small files that claim much, each in a process of little memory and CPU time: a price or one sentence."""

import os
import resource
import subprocess
import sys

import pytest

from npusim.loading.budget import LEAST_MOST_NODES, NODES_PER_NODE
from tests.loading.claims import CLAIMS
from tests.loading.make import save

PRIVATE_BYTES = 500 * 10**6
CPU_S = 4  # imports and a noisy machine included; the claims themselves take a fraction of a second

CODE = """
import sys
import npusim, npusim.errors
try:
    found = npusim.simulate(npusim.load(sys.argv[1], **eval(sys.argv[2])), npusim.hardware("lunar_lake"))
    print("priced", found.latency_us)
except npusim.errors.NpusimError as error:
    print(type(error).__name__, error)
"""


def limits():
    resource.setrlimit(resource.RLIMIT_DATA, (PRIVATE_BYTES, PRIVATE_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))


@pytest.mark.parametrize("name", sorted(CLAIMS))
def test_a_small_file_that_claims_much_is_a_price_or_a_sentence_within_bounds(tmp_path, name):
    path = save(CLAIMS[name](), tmp_path)
    assert os.path.getsize(path) < 20_000
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(path), "{}"],
        capture_output=True,
        text=True,
        preexec_fn=limits,
        env=environment,
    )
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr[-2000:]}"
    assert len(done.stdout.splitlines()) == 1 and "inf" not in done.stdout.split()[1]


def test_the_documented_bounds_are_those_of_the_code():
    page = (os.path.dirname(__file__) + "/../../docs/loading.md", "utf-8")
    with open(page[0], encoding=page[1]) as file:
        text = file.read()
    assert (LEAST_MOST_NODES, NODES_PER_NODE) == (30_000, 10)
    assert "ten times the nodes of the file, 30,000 at least" in text and "50,000 (300 MB) at least" in text
