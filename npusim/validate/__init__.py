"""How far predictions are from reference tables: `validate(folder)` compares, `page` and `to_json` tell."""

from npusim.validate.compare import validate
from npusim.validate.record import Comparison, NetworkRow, Validation

__all__ = ["Comparison", "NetworkRow", "Validation", "validate"]
