"""Families of models, one page each: how the keys of a config.json become layers. Found where they lie."""
