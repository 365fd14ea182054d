"""How the weights of a step cross: when they begin to arrive, in how many transfers, without which zeros."""
