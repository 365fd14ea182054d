"""Into which blocks and pieces one work is cut that does not fit, by counts alone; it knows no graph."""
