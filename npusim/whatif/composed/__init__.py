"""What several runs say together: one plan with steps left out, cuts of a network, the second machine."""
