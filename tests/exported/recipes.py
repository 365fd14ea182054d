"""All recipes of exported networks, by name."""

from tests.exported.recipe import Recipes
from tests.exported.torchvision import TORCHVISION

RECIPES: Recipes = TORCHVISION
