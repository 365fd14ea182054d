"""Networks drawn for the rules of one more day's work and looked at then: for fitting."""

from tests.vendor.nets.fresh_pictures import FRESH_PICTURES

FRESH = FRESH_PICTURES
