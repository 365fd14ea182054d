"""Where every tensor lives: which stay in the scratchpads, which cross DDR, and why."""
