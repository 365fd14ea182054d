"""Attention, gates, scans and feed-forwards: steps cut together, so that what they hand on stays inside."""
