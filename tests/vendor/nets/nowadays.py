"""Networks that people run, not looked at when the rules were done (the eighteenth set)."""

from tests.vendor.nets.nowadays_detectors import NOWADAYS_DETECTORS
from tests.vendor.nets.nowadays_known import NOWADAYS_KNOWN
from tests.vendor.nets.nowadays_lines import NOWADAYS_LINES
from tests.vendor.nets.nowadays_maps import NOWADAYS_MAPS
from tests.vendor.nets.nowadays_pictures import NOWADAYS_PICTURES
from tests.vendor.nets.nowadays_recurrent import NOWADAYS_RECURRENT
from tests.vendor.nets.nowadays_small import NOWADAYS_SMALL
from tests.vendor.nets.nowadays_sound import NOWADAYS_SOUND
from tests.vendor.nets.nowadays_states import NOWADAYS_STATES
from tests.vendor.nets.nowadays_words import NOWADAYS_WORDS

NOWADAYS = (
    NOWADAYS_KNOWN
    | NOWADAYS_MAPS
    | NOWADAYS_SOUND
    | NOWADAYS_DETECTORS
    | NOWADAYS_LINES
    | NOWADAYS_SMALL
    | NOWADAYS_PICTURES
    | NOWADAYS_WORDS
    | NOWADAYS_STATES
    | NOWADAYS_RECURRENT
)  # fmt: skip
