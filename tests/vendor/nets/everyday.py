"""Networks that most people run, judged before anybody had looked at them (27 November 2026), for fitting since."""

from tests.vendor.nets.everyday_classifiers import EVERYDAY_CLASSIFIERS
from tests.vendor.nets.everyday_detectors import EVERYDAY_DETECTORS
from tests.vendor.nets.everyday_diffusion import EVERYDAY_DIFFUSION
from tests.vendor.nets.everyday_maps import EVERYDAY_MAPS
from tests.vendor.nets.everyday_pictures import EVERYDAY_PICTURES
from tests.vendor.nets.everyday_sight import EVERYDAY_SIGHT
from tests.vendor.nets.everyday_small_detectors import EVERYDAY_SMALL_DETECTORS
from tests.vendor.nets.everyday_speech import EVERYDAY_SPEECH
from tests.vendor.nets.everyday_states import EVERYDAY_STATES
from tests.vendor.nets.everyday_streams import EVERYDAY_STREAMS
from tests.vendor.nets.everyday_words import EVERYDAY_WORDS

EVERYDAY = (
    EVERYDAY_CLASSIFIERS
    | EVERYDAY_DETECTORS
    | EVERYDAY_SMALL_DETECTORS
    | EVERYDAY_MAPS
    | EVERYDAY_PICTURES
    | EVERYDAY_SIGHT
    | EVERYDAY_WORDS
    | EVERYDAY_SPEECH
    | EVERYDAY_DIFFUSION
    | EVERYDAY_STATES
    | EVERYDAY_STREAMS
)
