"""Errors a user can act on: what, where, the two numbers, what to do.

The command line prints ``<ClassName>: <message>`` as one line and exits with 2;
in Python they are ordinary exceptions, all of them `NpusimError`, and name arguments where the command line
names options. Names out of a file may stand in a sentence: it is one line all the same, and steers no terminal.
"""

from npusim_xamba.asking import in_words
from npusim_xamba.text import clean


class NpusimError(Exception):
    """Base of every error that is the user's to mend."""

    def __str__(self) -> str:
        words = in_words(" ".join(str(part) for part in self.args))
        return clean(" ".join(words.splitlines()))


class BadModel(NpusimError):
    """The file is missing, is no ONNX model, or contradicts itself."""


class FreeDimension(NpusimError):
    """A dimension of a graph input has no number yet; bind it with ``--dim name=value``."""


class UnknownShape(NpusimError):
    """A shape depends on data (NonZero and the like), so no static price exists."""


class UnknownOp(NpusimError):
    """No work is registered for this op."""


class BadHardware(NpusimError):
    """A hardware or compiler-profile file is unreadable, or a number in it is impossible."""


class DoesNotFit(NpusimError):
    """One piece of a task needs more scratchpad than there is."""


class TooLarge(NpusimError):
    """The model claims more nodes, tasks or elements than the limits allow."""


class BadOutput(NpusimError):
    """An output path cannot be written."""


class BadArgument(NpusimError):
    """An argument has a value that is not on offer."""
