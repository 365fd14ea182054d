"""Networks that people run, judged before anybody had looked at them (the twelfth set), for fitting since."""

from tests.vendor.nets.current_classifiers import CURRENT_CLASSIFIERS
from tests.vendor.nets.current_detectors import CURRENT_DETECTORS
from tests.vendor.nets.current_known import CURRENT_KNOWN
from tests.vendor.nets.current_maps import CURRENT_MAPS
from tests.vendor.nets.current_people import CURRENT_PEOPLE
from tests.vendor.nets.current_pictures import CURRENT_PICTURES
from tests.vendor.nets.current_sight import CURRENT_SIGHT
from tests.vendor.nets.current_sound import CURRENT_SOUND
from tests.vendor.nets.current_states import CURRENT_STATES
from tests.vendor.nets.current_words import CURRENT_WORDS

CURRENT = (
    CURRENT_KNOWN
    | CURRENT_CLASSIFIERS
    | CURRENT_DETECTORS
    | CURRENT_MAPS
    | CURRENT_PEOPLE
    | CURRENT_PICTURES
    | CURRENT_SIGHT
    | CURRENT_SOUND
    | CURRENT_STATES
    | CURRENT_WORDS
)
