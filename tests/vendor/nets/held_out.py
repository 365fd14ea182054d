"""Networks that were judged before anybody had looked at them (November 2026), by the file that writes them."""

from tests.vendor.nets.alternating_states import ALTERNATING_STATES
from tests.vendor.nets.gated_images import GATED_IMAGES
from tests.vendor.nets.heard_and_told import HEARD_AND_TOLD
from tests.vendor.nets.nested_images import NESTED_IMAGES
from tests.vendor.nets.newer_encoders import NEWER_ENCODERS
from tests.vendor.nets.newer_states import NEWER_STATES
from tests.vendor.nets.newer_streams import NEWER_STREAMS
from tests.vendor.nets.newer_text import NEWER_TEXT
from tests.vendor.nets.older_images import OLDER_IMAGES
from tests.vendor.nets.prompt_states import PROMPT_STATES
from tests.vendor.nets.scanned_images import SCANNED_IMAGES
from tests.vendor.nets.small_detectors import SMALL_DETECTORS
from tests.vendor.nets.spoken_lines import SPOKEN_LINES
from tests.vendor.nets.tables_and_graphs import TABLES_AND_GRAPHS
from tests.vendor.nets.weighed_pyramid import WEIGHED_PYRAMID

HELD_OUT = (
    OLDER_IMAGES | SMALL_DETECTORS | GATED_IMAGES | SPOKEN_LINES | NEWER_ENCODERS | NEWER_TEXT | NEWER_STREAMS
    | NEWER_STATES | ALTERNATING_STATES | PROMPT_STATES | HEARD_AND_TOLD | TABLES_AND_GRAPHS | WEIGHED_PYRAMID
    | SCANNED_IMAGES | NESTED_IMAGES
)  # fmt: skip
