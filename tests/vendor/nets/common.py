"""Networks that people run, judged before anybody had looked at them (the seventh set), for fitting since."""

from tests.vendor.nets.common_classifiers import COMMON_CLASSIFIERS
from tests.vendor.nets.common_detectors import COMMON_DETECTORS
from tests.vendor.nets.common_large_classifiers import COMMON_LARGE_CLASSIFIERS
from tests.vendor.nets.common_maps import COMMON_MAPS
from tests.vendor.nets.common_people import COMMON_PEOPLE
from tests.vendor.nets.common_pictures import COMMON_PICTURES
from tests.vendor.nets.common_scenes import COMMON_SCENES
from tests.vendor.nets.common_small_classifiers import COMMON_SMALL_CLASSIFIERS
from tests.vendor.nets.common_sound import COMMON_SOUND
from tests.vendor.nets.common_words import COMMON_WORDS
from tests.vendor.nets.common_yolos import COMMON_YOLOS

COMMON = (
    COMMON_CLASSIFIERS
    | COMMON_LARGE_CLASSIFIERS
    | COMMON_SMALL_CLASSIFIERS
    | COMMON_YOLOS
    | COMMON_DETECTORS
    | COMMON_PEOPLE
    | COMMON_MAPS
    | COMMON_PICTURES
    | COMMON_SCENES
    | COMMON_SOUND
    | COMMON_WORDS
)
