"""Convolutions, poolings, additions and activations on planes that do not fit, cut together in strips."""
