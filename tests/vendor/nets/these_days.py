"""Networks that people run, not looked at when the rules were done (the nineteenth set)."""

from tests.vendor.nets.these_days_films import THESE_DAYS_FILMS
from tests.vendor.nets.these_days_known import THESE_DAYS_KNOWN
from tests.vendor.nets.these_days_maps import THESE_DAYS_MAPS
from tests.vendor.nets.these_days_people import THESE_DAYS_PEOPLE
from tests.vendor.nets.these_days_recurrent import THESE_DAYS_RECURRENT
from tests.vendor.nets.these_days_sound import THESE_DAYS_SOUND
from tests.vendor.nets.these_days_states import THESE_DAYS_STATES
from tests.vendor.nets.these_days_words import THESE_DAYS_WORDS

THESE_DAYS = (
    THESE_DAYS_MAPS
    | THESE_DAYS_SOUND
    | THESE_DAYS_RECURRENT
    | THESE_DAYS_STATES
    | THESE_DAYS_WORDS
    | THESE_DAYS_PEOPLE
    | THESE_DAYS_FILMS
    | THESE_DAYS_KNOWN
)  # fmt: skip
