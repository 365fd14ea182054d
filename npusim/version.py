"""The version, of both tools."""

from npusim_xamba.version import __version__ as __version__
