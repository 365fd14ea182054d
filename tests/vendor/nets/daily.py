"""Networks that people run, judged before anybody had looked at them (the eighth set), for fitting since."""

from tests.vendor.nets.daily_classifiers import DAILY_CLASSIFIERS
from tests.vendor.nets.daily_detectors import DAILY_DETECTORS
from tests.vendor.nets.daily_maps import DAILY_MAPS
from tests.vendor.nets.daily_people import DAILY_PEOPLE
from tests.vendor.nets.daily_pictures import DAILY_PICTURES
from tests.vendor.nets.daily_small_classifiers import DAILY_SMALL_CLASSIFIERS
from tests.vendor.nets.daily_sound import DAILY_SOUND
from tests.vendor.nets.daily_states import DAILY_STATES
from tests.vendor.nets.daily_words import DAILY_WORDS

DAILY = (
    DAILY_CLASSIFIERS
    | DAILY_SMALL_CLASSIFIERS
    | DAILY_DETECTORS
    | DAILY_PEOPLE
    | DAILY_MAPS
    | DAILY_PICTURES
    | DAILY_SOUND
    | DAILY_WORDS
    | DAILY_STATES
)
