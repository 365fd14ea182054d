"""Networks that people run, judged before anybody had looked at them (the sixteenth set), for fitting since."""

from tests.vendor.nets.lately_detectors import LATELY_DETECTORS
from tests.vendor.nets.lately_known import LATELY_KNOWN
from tests.vendor.nets.lately_lines import LATELY_LINES
from tests.vendor.nets.lately_maps import LATELY_MAPS
from tests.vendor.nets.lately_pictures import LATELY_PICTURES
from tests.vendor.nets.lately_recurrent import LATELY_RECURRENT
from tests.vendor.nets.lately_sequences import LATELY_SEQUENCES
from tests.vendor.nets.lately_sight import LATELY_SIGHT
from tests.vendor.nets.lately_states import LATELY_STATES
from tests.vendor.nets.lately_words import LATELY_WORDS

LATELY = (
    LATELY_KNOWN
    | LATELY_MAPS
    | LATELY_DETECTORS
    | LATELY_PICTURES
    | LATELY_LINES
    | LATELY_WORDS
    | LATELY_SIGHT
    | LATELY_STATES
    | LATELY_RECURRENT
    | LATELY_SEQUENCES
)  # fmt: skip
