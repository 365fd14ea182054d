"""Tables of reference rows: constants are fitted to one half of them and judged by the other."""
