"""Networks drawn to look for the kinds that go wrong, and looked at: for fitting."""

from tests.vendor.nets.further_sight import FURTHER_SIGHT
from tests.vendor.nets.further_words import FURTHER_WORDS

FURTHER = FURTHER_SIGHT | FURTHER_WORDS
