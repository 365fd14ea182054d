"""Questions asked of a sweep: sensitivity, a Pareto front, a cost of one's own; and their pages."""
