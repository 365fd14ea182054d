"""The one template of all pages, its chart library (uPlot, MIT licence) and the parts that pages share."""
