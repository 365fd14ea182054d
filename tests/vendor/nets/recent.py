"""Networks that people run, judged before anybody had looked at them (the thirteenth set), for fitting since."""

from tests.vendor.nets.recent_actions import RECENT_ACTIONS
from tests.vendor.nets.recent_classifiers import RECENT_CLASSIFIERS
from tests.vendor.nets.recent_detectors import RECENT_DETECTORS
from tests.vendor.nets.recent_known import RECENT_KNOWN
from tests.vendor.nets.recent_maps import RECENT_MAPS
from tests.vendor.nets.recent_people import RECENT_PEOPLE
from tests.vendor.nets.recent_pictures import RECENT_PICTURES
from tests.vendor.nets.recent_recurrent import RECENT_RECURRENT
from tests.vendor.nets.recent_sight import RECENT_SIGHT
from tests.vendor.nets.recent_sound import RECENT_SOUND
from tests.vendor.nets.recent_states import RECENT_STATES
from tests.vendor.nets.recent_words import RECENT_WORDS

RECENT = (
    RECENT_KNOWN
    | RECENT_CLASSIFIERS
    | RECENT_PEOPLE
    | RECENT_DETECTORS
    | RECENT_MAPS
    | RECENT_PICTURES
    | RECENT_ACTIONS
    | RECENT_SIGHT
    | RECENT_SOUND
    | RECENT_WORDS
    | RECENT_RECURRENT
    | RECENT_STATES
)
