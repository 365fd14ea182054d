"""Networks that people run, judged before anybody had looked at them (the seventeenth set), for fitting since."""

from tests.vendor.nets.of_late_films import OF_LATE_FILMS
from tests.vendor.nets.of_late_known import OF_LATE_KNOWN
from tests.vendor.nets.of_late_maps import OF_LATE_MAPS
from tests.vendor.nets.of_late_people import OF_LATE_PEOPLE
from tests.vendor.nets.of_late_pictures import OF_LATE_PICTURES
from tests.vendor.nets.of_late_recurrent import OF_LATE_RECURRENT
from tests.vendor.nets.of_late_sight import OF_LATE_SIGHT
from tests.vendor.nets.of_late_small import OF_LATE_SMALL
from tests.vendor.nets.of_late_states import OF_LATE_STATES
from tests.vendor.nets.of_late_words import OF_LATE_WORDS

OF_LATE = (
    OF_LATE_KNOWN
    | OF_LATE_SMALL
    | OF_LATE_PEOPLE
    | OF_LATE_PICTURES
    | OF_LATE_MAPS
    | OF_LATE_WORDS
    | OF_LATE_SIGHT
    | OF_LATE_STATES
    | OF_LATE_FILMS
    | OF_LATE_RECURRENT
)  # fmt: skip
