"""Networks drawn for the rules of one more day's work and looked at then: for fitting."""

from tests.vendor.nets.fresh_pictures import FRESH_PICTURES
from tests.vendor.nets.fresh_published import FRESH_PUBLISHED
from tests.vendor.nets.fresh_sound import FRESH_SOUND
from tests.vendor.nets.fresh_words import FRESH_WORDS

FRESH = FRESH_PICTURES | FRESH_PUBLISHED | FRESH_SOUND | FRESH_WORDS
