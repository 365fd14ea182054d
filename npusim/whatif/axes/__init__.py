"""Which axes of a graph's tensors belong together, and the graph with some of them narrower."""
