"""Networks that people know, drawn to see which kinds are off: for fitting."""

from tests.vendor.nets.known_maps import KNOWN_MAPS
from tests.vendor.nets.known_maps_small import KNOWN_MAPS_SMALL
from tests.vendor.nets.known_pictures import KNOWN_PICTURES
from tests.vendor.nets.known_pictures_made import KNOWN_PICTURES_MADE
from tests.vendor.nets.known_sound import KNOWN_SOUND

KNOWN_SEEN = KNOWN_MAPS | KNOWN_MAPS_SMALL | KNOWN_PICTURES | KNOWN_PICTURES_MADE | KNOWN_SOUND
