"""Importing this registers every shape rule and special op: all modules of this folder are imported."""

import pkgutil
from importlib import import_module

import npusim.loading

for _module in pkgutil.iter_modules(npusim.loading.__path__):
    import_module(f"npusim.loading.{_module.name}")
