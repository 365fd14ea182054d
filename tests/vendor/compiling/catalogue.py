"""All forms: reading this module fills `FORMS`."""

from tests.vendor.compiling import (  # noqa: F401  (fill FORMS)
    catalogue_dependent,
    catalogue_empty,
    catalogue_flow,
    catalogue_images,
    catalogue_indices,
    catalogue_microsoft,
    catalogue_moves,
    catalogue_nn,
    catalogue_plain,
    catalogue_rows,
    catalogue_small,
    catalogue_states,
    catalogue_variants,
)
from tests.vendor.compiling.forms import FORMS, Form, model_of, planned

__all__ = ["FORMS", "Form", "model_of", "planned"]
