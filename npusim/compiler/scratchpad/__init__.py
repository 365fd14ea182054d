"""What is in the scratchpads, at which addresses, and what leaves when room is needed."""
