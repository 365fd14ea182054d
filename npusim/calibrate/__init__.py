"""Fitting hardware constants to reference tables; free of any hardware description."""
