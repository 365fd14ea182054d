"""Networks that people run, drawn for the rules of one more day's work and looked at then: for fitting."""

from tests.vendor.nets.newer_classifiers import NEWER_CLASSIFIERS

NEWER = NEWER_CLASSIFIERS
