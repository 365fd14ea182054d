"""If, Loop and Scan: branches are inlined, bodies counted once with their number of iterations."""
