"""How a dancer looks: the choices that `paint`, `clothes` and `hair` turn into surfaces and textures.

Colours are sRGB triples in 0..1; lengths are metres.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Top:
    """A shirt. sleeve: its length along the arm (1 elbow, 2 wrist). stripe: colour of stripes every `stripe_m`, or of a
    disc on the chest when `stripe_m` is 0. loose: how far the cloth hangs off the body."""

    colour: Colour
    sleeve: float = 0.5
    loose: float = 0.012
    hem_m: float = 0.09
    collar_drop_m: float = 0.0
    stripe: Colour | None = None
    stripe_m: float = 0.0


@dataclass(frozen=True)
class Bottom:
    """Trousers, and a skirt over them if `skirt` names its colour. hem_m: height of the hem over the ankle."""

    colour: Colour
    loose: float = 0.012
    hem_m: float = 0.0
    skirt: Colour | None = None
    seam: Colour | None = None


@dataclass(frozen=True)
class Hair:
    """style: `short`, `curly`, `bob`, `ponytail` or `bun`."""

    style: str
    colour: Colour
    beard: float = 0.0


@dataclass(frozen=True)
class Look:
    """A person: blend shapes of the mesh and what is on it."""

    shapes: Mapping[str, float]
    skin: Colour
    hair: Hair
    top: Top
    bottom: Bottom
    shoes: Colour
    lips: Colour
    iris: Colour = (0.28, 0.17, 0.09)
    makeup: float = 0.0
    smile: float = 0.35
