"""Networks that people run, drawn for the rules of yet another day's work and looked at then: for fitting."""

from tests.vendor.nets.later_recurrent import LATER_RECURRENT
from tests.vendor.nets.later_states import LATER_STATES
from tests.vendor.nets.later_steps import LATER_STEPS

LATER = LATER_RECURRENT | LATER_STATES | LATER_STEPS
