"""The machine: what an NPU's numbers are (`Hardware`) and how long each kind of work takes on it."""
