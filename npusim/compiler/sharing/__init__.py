"""How the tiles share a step, and into how many pieces it is cut in time."""
