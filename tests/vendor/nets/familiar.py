"""Networks that people run, judged before anybody had looked at them (the ninth set), for fitting since."""

from tests.vendor.nets.familiar_classifiers import FAMILIAR_CLASSIFIERS
from tests.vendor.nets.familiar_detectors import FAMILIAR_DETECTORS
from tests.vendor.nets.familiar_known import FAMILIAR_KNOWN
from tests.vendor.nets.familiar_maps import FAMILIAR_MAPS
from tests.vendor.nets.familiar_pictures import FAMILIAR_PICTURES
from tests.vendor.nets.familiar_sound import FAMILIAR_SOUND
from tests.vendor.nets.familiar_states import FAMILIAR_STATES
from tests.vendor.nets.familiar_words import FAMILIAR_WORDS

FAMILIAR = (
    FAMILIAR_KNOWN
    | FAMILIAR_CLASSIFIERS
    | FAMILIAR_DETECTORS
    | FAMILIAR_MAPS
    | FAMILIAR_PICTURES
    | FAMILIAR_SOUND
    | FAMILIAR_WORDS
    | FAMILIAR_STATES
)
