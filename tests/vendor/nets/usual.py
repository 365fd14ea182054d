"""Networks that people run, judged before anybody had looked at them (the sixth set), for fitting since."""

from tests.vendor.nets.usual_classifiers import USUAL_CLASSIFIERS
from tests.vendor.nets.usual_detectors import USUAL_DETECTORS
from tests.vendor.nets.usual_maps import USUAL_MAPS
from tests.vendor.nets.usual_pictures import USUAL_PICTURES
from tests.vendor.nets.usual_points import USUAL_POINTS
from tests.vendor.nets.usual_sight import USUAL_SIGHT
from tests.vendor.nets.usual_small_classifiers import USUAL_SMALL_CLASSIFIERS
from tests.vendor.nets.usual_words import USUAL_WORDS
from tests.vendor.nets.usual_yolos import USUAL_YOLOS

USUAL = (
    USUAL_CLASSIFIERS
    | USUAL_SMALL_CLASSIFIERS
    | USUAL_YOLOS
    | USUAL_DETECTORS
    | USUAL_MAPS
    | USUAL_POINTS
    | USUAL_PICTURES
    | USUAL_SIGHT
    | USUAL_WORDS
)
