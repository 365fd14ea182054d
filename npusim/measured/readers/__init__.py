"""One reader for each kind of foreign report."""
