"""Networks that people run, judged before anybody had looked at them (the fifteenth set), for fitting since."""

from tests.vendor.nets.newest_detectors import NEWEST_DETECTORS
from tests.vendor.nets.newest_known import NEWEST_KNOWN
from tests.vendor.nets.newest_lines import NEWEST_LINES
from tests.vendor.nets.newest_maps import NEWEST_MAPS
from tests.vendor.nets.newest_pictures import NEWEST_PICTURES
from tests.vendor.nets.newest_points import NEWEST_POINTS
from tests.vendor.nets.newest_recurrent import NEWEST_RECURRENT
from tests.vendor.nets.newest_sight import NEWEST_SIGHT
from tests.vendor.nets.newest_states import NEWEST_STATES
from tests.vendor.nets.newest_words import NEWEST_WORDS

NEWEST = (
    NEWEST_KNOWN
    | NEWEST_MAPS
    | NEWEST_DETECTORS
    | NEWEST_POINTS
    | NEWEST_PICTURES
    | NEWEST_LINES
    | NEWEST_WORDS
    | NEWEST_SIGHT
    | NEWEST_STATES
    | NEWEST_RECURRENT
)  # fmt: skip
