"""The forms in which exporters write activations."""
