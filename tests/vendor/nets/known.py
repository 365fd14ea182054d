"""Networks that people run, drawn for the rules of one day's work and looked at then: for fitting."""

from tests.vendor.nets.known_classifiers import KNOWN_CLASSIFIERS
from tests.vendor.nets.known_detectors import KNOWN_DETECTORS
from tests.vendor.nets.known_large_detectors import KNOWN_LARGE_DETECTORS
from tests.vendor.nets.known_maps import KNOWN_MAPS
from tests.vendor.nets.known_maps_small import KNOWN_MAPS_SMALL
from tests.vendor.nets.known_pictures import KNOWN_PICTURES
from tests.vendor.nets.known_pictures_made import KNOWN_PICTURES_MADE
from tests.vendor.nets.known_recurrent import KNOWN_RECURRENT
from tests.vendor.nets.known_sight import KNOWN_SIGHT
from tests.vendor.nets.known_sound import KNOWN_SOUND
from tests.vendor.nets.known_states import KNOWN_STATES
from tests.vendor.nets.known_words import KNOWN_WORDS

KNOWN = (
    KNOWN_CLASSIFIERS
    | KNOWN_DETECTORS
    | KNOWN_LARGE_DETECTORS
    | KNOWN_MAPS
    | KNOWN_MAPS_SMALL
    | KNOWN_PICTURES
    | KNOWN_PICTURES_MADE
    | KNOWN_RECURRENT
    | KNOWN_SIGHT
    | KNOWN_SOUND
    | KNOWN_STATES
    | KNOWN_WORDS
)
