"""Errors a user can act on; the command line prints ``<ClassName>: <message>`` on one line."""

from npusim_xamba.asking import in_words


class XambaError(Exception):
    """Base of every error that is the user's to mend."""

    def __str__(self) -> str:
        return in_words(" ".join(" ".join(str(part) for part in self.args).split()))


class BadModel(XambaError):
    """The file is missing, is no ONNX model, or cannot be run."""


class InvalidModel(XambaError):
    """A model does not pass onnx.checker (full check) after a pass."""


class BadOutput(XambaError):
    """The output path cannot be written."""


class BadArgument(XambaError):
    """An argument has a value that is not on offer."""


class UnknownPass(XambaError):
    """No pass has this name."""


class CannotPrice(XambaError):
    """npusim has no price for the model: an op without a cost, a free dimension, more than fits."""


class NotComparable(XambaError):
    """The two models do not have the same inputs and outputs."""


class NotEquivalent(XambaError):
    """The rewritten model answers differently; nothing is written."""


class Keep(Exception):
    """Raised inside a rule: leave the node alone. The message is the reason."""


class NotMine(Exception):
    """Raised inside a rule: the node is none of the pass's business after all; nothing is recorded."""
