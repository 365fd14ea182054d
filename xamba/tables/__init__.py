"""Piecewise linear tables: placing their segments, and writing them as nodes."""
