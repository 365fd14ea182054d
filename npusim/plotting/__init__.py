"""Plots in two steps: results -> a `figure` (plain values) -> PNG (`png`) or one HTML file (`html`)."""
