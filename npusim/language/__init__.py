"""Language models from the config.json of a Hugging Face folder: read, counted, and built as ONNX graphs.

`families/` has a page for each kind of model, `blocks/` what their layers are made of.
"""

from npusim.language.build import build
from npusim.language.config import FAMILIES, from_keys, is_config, read_config
from npusim.language.counts import Counts, counts
from npusim.language.model import ModelConfig

__all__ = ["FAMILIES", "Counts", "ModelConfig", "build", "counts", "from_keys", "is_config", "read_config"]
