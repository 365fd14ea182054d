"""Networks that people run, judged before anybody had looked at them (the fourteenth set), for fitting since."""

from tests.vendor.nets.latest_actions import LATEST_ACTIONS
from tests.vendor.nets.latest_classifiers import LATEST_CLASSIFIERS
from tests.vendor.nets.latest_codecs import LATEST_CODECS
from tests.vendor.nets.latest_detectors import LATEST_DETECTORS
from tests.vendor.nets.latest_gated_classifiers import LATEST_GATED_CLASSIFIERS
from tests.vendor.nets.latest_known import LATEST_KNOWN
from tests.vendor.nets.latest_maps import LATEST_MAPS
from tests.vendor.nets.latest_people import LATEST_PEOPLE
from tests.vendor.nets.latest_pictures import LATEST_PICTURES
from tests.vendor.nets.latest_recurrent import LATEST_RECURRENT
from tests.vendor.nets.latest_shifts import LATEST_SHIFTS
from tests.vendor.nets.latest_sight import LATEST_SIGHT
from tests.vendor.nets.latest_small import LATEST_SMALL
from tests.vendor.nets.latest_states import LATEST_STATES
from tests.vendor.nets.latest_tables import LATEST_TABLES
from tests.vendor.nets.latest_words import LATEST_WORDS

LATEST = (
    LATEST_KNOWN
    | LATEST_CLASSIFIERS
    | LATEST_GATED_CLASSIFIERS
    | LATEST_PICTURES
    | LATEST_CODECS
    | LATEST_MAPS
    | LATEST_SHIFTS
    | LATEST_PEOPLE
    | LATEST_DETECTORS
    | LATEST_ACTIONS
    | LATEST_SMALL
    | LATEST_WORDS
    | LATEST_TABLES
    | LATEST_SIGHT
    | LATEST_STATES
    | LATEST_RECURRENT
)  # fmt: skip
