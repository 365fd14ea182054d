"""Networks that people run, judged before anybody had looked at them (the tenth set), for fitting since."""

from tests.vendor.nets.popular_classifiers import POPULAR_CLASSIFIERS
from tests.vendor.nets.popular_detectors import POPULAR_DETECTORS
from tests.vendor.nets.popular_known import POPULAR_KNOWN
from tests.vendor.nets.popular_maps import POPULAR_MAPS
from tests.vendor.nets.popular_people import POPULAR_PEOPLE
from tests.vendor.nets.popular_pictures import POPULAR_PICTURES
from tests.vendor.nets.popular_sound import POPULAR_SOUND
from tests.vendor.nets.popular_states import POPULAR_STATES
from tests.vendor.nets.popular_words import POPULAR_WORDS

POPULAR = (
    POPULAR_KNOWN
    | POPULAR_CLASSIFIERS
    | POPULAR_DETECTORS
    | POPULAR_MAPS
    | POPULAR_PEOPLE
    | POPULAR_PICTURES
    | POPULAR_SOUND
    | POPULAR_WORDS
    | POPULAR_STATES
)
