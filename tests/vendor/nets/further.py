"""Networks that people run, drawn for the rules of one more day's work and looked at then: for fitting."""

from tests.vendor.nets.further_classifiers import FURTHER_CLASSIFIERS
from tests.vendor.nets.further_maps import FURTHER_MAPS
from tests.vendor.nets.further_pictures import FURTHER_PICTURES
from tests.vendor.nets.further_recurrent import FURTHER_RECURRENT
from tests.vendor.nets.further_sight import FURTHER_SIGHT
from tests.vendor.nets.further_sound import FURTHER_SOUND
from tests.vendor.nets.further_states import FURTHER_STATES
from tests.vendor.nets.further_words import FURTHER_WORDS

FURTHER = (
    FURTHER_CLASSIFIERS
    | FURTHER_MAPS
    | FURTHER_PICTURES
    | FURTHER_RECURRENT
    | FURTHER_SIGHT
    | FURTHER_SOUND
    | FURTHER_STATES
    | FURTHER_WORDS
)
