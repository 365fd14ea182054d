"""All recipes of exported networks, by name; packages take turns, so that whoever compiles a few gets some of each."""

from itertools import zip_longest

from tests.exported.diffusion import DIFFUSION
from tests.exported.hf_audio import AUDIO
from tests.exported.hf_cache import CACHE
from tests.exported.hf_decoders import DECODERS
from tests.exported.hf_sequence import SEQUENCE
from tests.exported.hf_text import TEXT
from tests.exported.hf_vision import VISION
from tests.exported.quantised_nets import QUANTISED
from tests.exported.recipe import Recipes
from tests.exported.recurrent import RECURRENT
from tests.exported.smp_nets import SMP
from tests.exported.timm_nets import TIMM, TIMM_ATTENTION
from tests.exported.torchvision import TORCHVISION

FAMILIES = (
    TORCHVISION,
    SEQUENCE,
    TIMM,
    TIMM_ATTENTION,
    TEXT,
    VISION,
    DECODERS,
    DIFFUSION,
    SMP,
    RECURRENT,
    AUDIO,
    CACHE,
    QUANTISED,
)
RECIPES: Recipes = {
    name: recipe
    for turn in zip_longest(*(f.items() for f in FAMILIES))
    for name, recipe in filter(None, turn)
}
