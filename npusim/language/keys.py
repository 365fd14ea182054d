"""The keys of a config.json, in either spelling: what transformers 4 and 5 write differently is asked for here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from npusim.errors import BadModel
from npusim.language.blocks.common import activation_named
from npusim.language.blocks.rotary import Rotary
from npusim.language.model import Layer, ModelConfig, Norm

MOST_LAYERS = 10_000
LARGEST = 2**24  # of a size; more is a slip
LARGEST_CHUNK = 4096  # positions in a chunk: masks of a chunk are written out
FARTHEST = 1e15  # of a number from 0


@dataclass(frozen=True, slots=True)
class Keys:
    """What stands in a config.json; `name` is the model's, for the report. All methods raise BadModel with the key."""

    values: Mapping[str, Any]
    name: str

    def wrong(self, sentence: str) -> BadModel:
        """The error of keys that do not go together."""
        return BadModel(sentence)

    def or_else(self, **assumed: Any) -> Keys:
        """These keys, and where they are silent what the family assumes."""
        said = {k: v for k, v in self.values.items() if v is not None or k not in assumed}
        return Keys({**assumed, **said}, self.name)

    def told(self, **more: Any) -> Keys:
        """These keys with others, whatever the file says of them."""
        return Keys({**self.values, **more}, self.name)

    def renamed(self, **names: str) -> Keys:
        """These keys, what a family calls otherwise under its usual name: `hidden_size="n_embd"`."""
        return self.told(
            **{name: self.values[own] for name, own in names.items() if self.values.get(own) is not None}
        )

    def below(self, key: str) -> Keys:
        """The keys below a key that holds keys; these themselves if it is not there."""
        inner = self.values.get(key, self.values)
        if not isinstance(inner, Mapping):
            raise BadModel(f"'{key}' must be keys and values, not {inner!r}")
        return Keys(inner, self.name)

    def size(self, key: str, default: int | None = None, least: int = 1, most: int = LARGEST) -> int:
        """A whole number, `least` or more."""
        value = self.values.get(key)
        if value is None:
            value = default
        if value is None:
            raise BadModel(f"'{key}' is missing")
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise BadModel(f"'{key}' must be a whole number from {least} to {most}, not {value!r}")
        return value

    def chunk(self, key: str) -> int:
        """Positions in a chunk, 256 unless told otherwise."""
        return self.size(key, 256, most=LARGEST_CHUNK)

    def shared(self, many: int, few: int, what: str, among: str) -> None:
        """Raises BadModel unless `few` of a kind can be shared evenly by `many` of another; both with their key."""
        if many % few:
            raise BadModel(f"{many} heads ('{what}') cannot share {few} ('{among}')")

    def positive(self, key: str, default: float | None = None) -> float:
        """A number above 0."""
        found = self.number(key, default)
        if found <= 0:
            raise BadModel(f"'{key}' must be above 0, not {found:g}")
        return found

    def number(self, key: str, default: float | None = None) -> float:
        value = self.values.get(key)
        if value is None:
            value = default
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= FARTHEST:
            raise BadModel(f"'{key}' must be a number, not {value!r}")
        return float(value)

    def optional(self, key: str) -> float | None:
        """A number that may be missing or null."""
        return None if self.values.get(key) is None else self.number(key)

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.values.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise BadModel(f"'{key}' must be true or false, not {value!r}")
        return value

    def text(self, key: str, default: str) -> str:
        value = self.values.get(key)
        if value is None:
            return default
        if not isinstance(value, str):
            raise BadModel(f"'{key}' must be a text, not {value!r}")
        return value

    def numbers(self, key: str, default: tuple[float, ...]) -> tuple[float, ...]:
        """As many numbers as the default has."""
        value = self.values.get(key)
        if value is None:
            return default
        plain = isinstance(value, list) and all(
            isinstance(v, int | float) and not isinstance(v, bool) for v in value
        )
        if not plain or len(value) != len(default):
            raise BadModel(f"'{key}' must be {len(default)} numbers, not {value!r}")
        return tuple(float(v) for v in value)

    def limits(self, key: str) -> tuple[float, float]:
        """Two numbers, or 0 and infinity; transformers writes infinity as {"__float__": "Infinity"}."""
        value = self.values.get(key)
        if isinstance(value, list | tuple):
            value = [float("inf") if isinstance(v, Mapping) else v for v in value]
        low, high = Keys({key: value}, self.name).numbers(key, (0.0, float("inf")))
        return low, high

    def activation(self, key: str = "hidden_act", default: str = "silu") -> str:
        return activation_named(self.text(key, default))

    def window(self) -> int | None:
        """`sliding_window`, unless `use_sliding_window` turns it off. (A window of null or 0 is none.)"""
        if not self.values.get("sliding_window") or self.values.get("use_sliding_window") is False:
            return None
        return self.size("sliding_window")

    def layers(self) -> int:
        """How many layers there are."""
        count = self.size("num_hidden_layers")
        if count > MOST_LAYERS:
            raise BadModel(f"'num_hidden_layers' is {count}; {MOST_LAYERS} are the most that are built")
        return count

    def kinds(self, default: Callable[[int], str], known: tuple[str, ...]) -> list[str]:
        """`layer_types`: what each layer is; by the family's rule where an older file does not say."""
        count = self.layers()
        found = self.values.get("layer_types")
        if found is None:
            found = [default(index) for index in range(count)]
        if not isinstance(found, list) or len(found) != count:
            raise BadModel(f"'layer_types' must name {count} layers, as 'num_hidden_layers' says")
        for kind in found:
            if kind not in known:
                raise BadModel(f"'layer_types' has {kind!r}; known are {', '.join(known)}")
        return found

    def rotary(self, head_dim: int, kind: str = "", default_theta: float = 10_000.0) -> Rotary:
        """Rotary positions: `rope_parameters` (transformers 5, by kind of layer in some families), or `rope_theta` and
        `rope_scaling` (4)."""
        found = self.values.get("rope_parameters") or self.values.get("rope_scaling") or {}
        if isinstance(found, Mapping) and kind and isinstance(found.get(kind), Mapping):
            found = found[kind]
        if not isinstance(found, Mapping):
            raise BadModel(f"'rope_parameters' must be keys and values, not {found!r}")
        numbers = Keys(
            {key: found.get(key, self.values.get(key)) for key in ("partial_rotary_factor", "rope_theta")},
            self.name,
        )
        keys = {k: v for k, v in found.items() if k not in ("rope_theta", "partial_rotary_factor")}
        for key in ("original_max_position_embeddings", "max_position_embeddings"):
            if keys and self.values.get(key) is not None:
                keys.setdefault(key, self.values[key])
        plain = keys.get("rope_type", keys.get("type", "default")) == "default"
        share = numbers.positive("partial_rotary_factor", 1.0)
        dim = int(head_dim * share) // 2 * 2
        if share > 1 or not dim:
            raise BadModel(f"{share:g} of a head's {head_dim} channels cannot be turned by position")
        scaling = () if plain else tuple(sorted((k, _plain(k, v)) for k, v in keys.items()))
        found = Rotary(numbers.positive("rope_theta", default_theta), dim, scaling)
        found.check()
        return found

    def local_rotary(self, head_dim: int, kind: str, theta: float) -> Rotary:
        """Rotary positions of layers with a window that have a base of their own (Gemma 3): never scaled by the keys
        of transformers 4."""
        plain = {k: v for k, v in self.values.items() if k not in ("rope_scaling", "rope_theta")}
        found = plain.get("rope_parameters")
        if isinstance(found, Mapping) and kind not in found:
            plain.pop("rope_parameters")
        return Keys(plain, self.name).rotary(head_dim, kind, theta)

    def model(self, layer: Callable[[int], Layer], final_norm: Norm, **more: Any) -> ModelConfig:
        """The model of a family whose layers are told by index; `more` are further fields of `ModelConfig`."""
        longest = self.values.get("max_position_embeddings")
        values: dict[str, Any] = {
            "tied": self.flag("tie_word_embeddings"),
            "max_positions": self.size("max_position_embeddings") if longest else None,
        }
        return ModelConfig(
            name=self.name,
            family=self.text("model_type", ""),
            hidden=self.size("hidden_size"),
            vocab=self.size("vocab_size"),
            layers=tuple(layer(index) for index in range(self.layers())),
            final_norm=final_norm,
            **{**values, **more},
        )


def _plain(key: str, value: Any) -> Any:
    """A value of the keys of rotary positions: a number, a text, nothing, or numbers."""
    if isinstance(value, list):
        return tuple(Keys({key: v}, "").number(key) for v in value)
    if isinstance(value, str | bool) or value is None:
        return value
    return Keys({key: value}, "").number(key)
