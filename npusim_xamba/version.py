"""The version, in one place: the packaging, both command lines and every JSON document read it here."""

__version__ = "0.1.0"
