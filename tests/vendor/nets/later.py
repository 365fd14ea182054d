"""Networks that people run, drawn for the rules of a later day's work and looked at then: for fitting."""

from tests.vendor.nets.later_classifiers import LATER_CLASSIFIERS
from tests.vendor.nets.later_faces import LATER_FACES
from tests.vendor.nets.later_maps import LATER_MAPS
from tests.vendor.nets.later_people import LATER_PEOPLE
from tests.vendor.nets.later_pictures import LATER_PICTURES
from tests.vendor.nets.later_recurrent import LATER_RECURRENT
from tests.vendor.nets.later_sight import LATER_SIGHT
from tests.vendor.nets.later_sound import LATER_SOUND
from tests.vendor.nets.later_states import LATER_STATES
from tests.vendor.nets.later_steps import LATER_STEPS
from tests.vendor.nets.later_words import LATER_WORDS

LATER = (
    LATER_CLASSIFIERS
    | LATER_FACES
    | LATER_MAPS
    | LATER_PEOPLE
    | LATER_PICTURES
    | LATER_RECURRENT
    | LATER_SIGHT
    | LATER_SOUND
    | LATER_STATES
    | LATER_STEPS
    | LATER_WORDS
)
